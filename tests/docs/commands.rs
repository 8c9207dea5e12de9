//! Every command of the documentation runs, as it is pasted, or says why it is not run.
//!
//! A command is a line of a block of ```` ```sh ````. Those of a page run in their order in a folder of the page's own, whose `HOME` it is, with
//! `finwait` on PATH; a screen opens in a pty, and is left when it shows both ends.
//! Comments right before a block are for it alone:
//!
//! - `<!-- not run: REASON -->`: the block is only read.
//! - `<!-- needs: PROGRAM ... -->`: where a program is missing, the block is passed over; not in CI.
//! - `<!-- given: FILE ... -->`: files that a reader has of their own: a log, a capture (`tests/docs/files/`, or made by finwait).
//! - `<!-- ends with STATUS: REASON -->`: the exit status of its one command.
//! - `<!-- saved as: FILE -->`, before a block of another language: the reader saves it in that file.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use finwait::cli::{Cli, NotRead};

use crate::generated::page;
use crate::markdown::{CodeBlock, Page, pages};
use crate::shell::{Call, calls, commands};
use crate::support::{has, output};
use crate::terminal::Terminal;

/// What the marks of a block say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Marks {
    not_run: bool,
    needs: Vec<String>,
    given: Vec<String>,
    saved_as: Option<String>,
    status: i32,
}

impl Marks {
    /// Reads the marks of a block.
    fn of(block: &CodeBlock) -> Result<Marks, String> {
        let mut marks = Marks::default();
        for mark in &block.marks {
            // The mark of a part that is generated, or a note.
            let Some((name, rest)) = mark.split_once(':') else {
                continue;
            };
            let rest = rest.trim();
            let has_reason = rest.split_whitespace().count() > 2;
            let words = || rest.split_whitespace().map(str::to_owned).collect();
            match name.strip_prefix("ends with ") {
                Some(status) if has_reason => {
                    marks.status = status.parse().map_err(|_| format!("no status: {mark}"))?
                }
                None if name == "not run" && has_reason => marks.not_run = true,
                None if name == "needs" => marks.needs = words(),
                None if name == "given" => marks.given = words(),
                None if name == "saved as" => marks.saved_as = Some(rest.to_owned()),
                _ => return Err(format!("not a mark with its reason: {mark}")),
            }
        }
        Ok(marks)
    }
}

/// A folder of a page's own, gone at the end.
struct PageFolder(PathBuf);

impl PageFolder {
    fn new(of: &str) -> PageFolder {
        let name = format!("docs-{}-{}", std::process::id(), of.replace('/', "-"));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let bin = folder.join(".bin");
        fs::create_dir_all(&bin).unwrap();
        symlink(env!("CARGO_BIN_EXE_finwait"), bin.join("finwait")).unwrap();
        PageFolder(folder)
    }

    /// The environment: nobody's files but the page's, and the machine's caches of compilers.
    fn env(&self) -> Vec<(String, String)> {
        let of = |name: &str| std::env::var(name).unwrap_or_default();
        let folder = self.0.display();
        let home = of("HOME");
        let kept = |name: &str, below: &str| {
            Some(of(name))
                .filter(|path| !path.is_empty())
                .unwrap_or(format!("{home}/{below}"))
        };
        [
            ("PATH", format!("{folder}/.bin:{}", of("PATH"))),
            ("HOME", folder.to_string()),
            ("XDG_CACHE_HOME", kept("XDG_CACHE_HOME", ".cache")),
            ("XDG_STATE_HOME", format!("{folder}/.state")),
            ("XDG_CONFIG_HOME", format!("{folder}/.config")),
            ("CARGO_HOME", kept("CARGO_HOME", ".cargo")),
            ("RUSTUP_HOME", kept("RUSTUP_HOME", ".rustup")),
            ("LC_ALL", "C.UTF-8".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Puts a file there that a reader has of their own.
    fn give(&self, file: &str) {
        let given = page("tests/docs/files").join(file);
        let made = match file {
            _ if given.exists() => fs::copy(given, self.0.join(file))
                .map(drop)
                .map_err(|error| error.to_string()),
            "run.jsonl" => self.run(r#"finwait do "server listen" "client connect" --record run.jsonl"#, 0),
            _ => Err("nothing makes it".to_owned()),
        };
        made.unwrap_or_else(|why| panic!("{file}: {why}"));
    }

    /// Saves a block in a file, as a program.
    fn save(&self, block: &CodeBlock, file: &str) {
        let path = self.0.join(file);
        fs::write(&path, &block.text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a command to its end; what it says where that is not as it must be.
    fn run(&self, command: &str, status: i32) -> Result<(), String> {
        let mut bash = Command::new("bash");
        bash.args(["-o", "pipefail", "-c", command])
            .current_dir(&self.0)
            .envs(self.env());
        let output = output(&mut bash);
        match output.status.code() {
            Some(code) if code == status => Ok(()),
            code => Err(format!(
                "{command}\n  ended with {code:?}, not {status}:\n{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }

    /// Opens a screen, and leaves it when both ends are in sight.
    fn open(&self, words: &[String]) {
        let env = self.env();
        let env: Vec<(&str, &str)> = env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut terminal = Terminal::start_in_with(&self.0, 120, 40, &words, &env);
        terminal.see("CLIENT");
        terminal.see("SERVER");
        terminal.keys("q");
        assert!(terminal.end().success(), "{words:?}");
    }
}

impl Drop for PageFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the words behind `finwait`, where that is what is called.
fn of_finwait(call: &Call) -> Option<&[String]> {
    let (first, words) = call.words.split_first()?;
    (first == "finwait").then_some(words)
}

/// Reads finwait's own words as it does; `None` where they ask for help or the version.
fn read(words: &[String]) -> Result<Option<Cli>, String> {
    match Cli::of_words(words.iter().map(OsString::from).collect()) {
        Ok(cli) => Ok(Some(cli)),
        Err(NotRead::Help { .. } | NotRead::Version(_)) => Ok(None),
        Err(NotRead::Mistaken(why)) => Err(format!("finwait {}: {why}", words.join(" "))),
    }
}

/// Is it a screen that a command opens, at a terminal?
fn opens_a_screen(command: &str) -> Option<Vec<String>> {
    let all = calls(command);
    let [call] = all.as_slice() else { return None };
    let words = of_finwait(call)?;
    let opens = words.first().is_some_and(|verb| verb == "open")
        && !words.iter().any(|word| word == "--plain" || word == "--json");
    let cli = read(words).ok()??;
    ((cli.has_a_screen() || opens) && !call.writes && !call.reads).then(|| words.to_vec())
}

/// How many commands a page has, and of how many it says that they are not run.
#[derive(Debug, Default)]
struct Count {
    run: usize,
    not_run: usize,
    passed_over: usize,
}

fn run_page(of: &str) -> Count {
    let page = Page::read(of);
    let folder = PageFolder::new(of);
    let mut count = Count::default();
    let mut wrong = Vec::new();
    for block in &page.blocks {
        let marks = Marks::of(block).unwrap_or_else(|why| panic!("{of}: {why}"));
        if let Some(file) = &marks.saved_as {
            folder.save(block, file);
        }
        if block.language != "sh" {
            continue;
        }
        let commands = commands(&block.text);
        assert!(
            marks.status == 0 || commands.len() == 1,
            "{of}: a status is of one command: {commands:?}"
        );
        let here = marks.needs.iter().all(|program| has(program));
        for file in marks.given.iter().filter(|_| here && !marks.not_run) {
            folder.give(file);
        }
        for command in &commands {
            if marks.not_run {
                count.not_run += 1;
            } else if !here {
                count.passed_over += 1;
            } else {
                count.run += 1;
                match opens_a_screen(command) {
                    Some(words) => folder.open(&words),
                    None => wrong.extend(folder.run(command, marks.status).err()),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{of}:\n{}", wrong.join("\n"));
    count
}

/// Makes a test for each page that has commands, and the list of them.
macro_rules! pages {
    ($($name:ident: $path:literal)+) => {
        /// The pages whose commands are run.
        const PAGES: &[&str] = &[$($path),+];
        $(
            #[test]
            fn $name() {
                let count = run_page($path);
                // As many as a reader sees, who counts lines.
                assert_eq!(count.run + count.not_run + count.passed_over, lines_of_commands($path), "{count:?}");
            }
        )+
    };
}

pages! {
    the_readme: "README.md"
    adding: "docs/adding.md"
    batteries: "docs/batteries.md"
    claims: "docs/claims.md"
    code: "docs/code.md"
    endpoint_protocol: "docs/endpoint-protocol.md"
    explain: "docs/explain.md"
    export_book: "docs/export-book.md"
    export_formats: "docs/export-formats.md"
    exports: "docs/exports.md"
    http_clients: "docs/http-clients.md"
    install: "docs/install.md"
    languages: "docs/languages.md"
    lessons: "docs/lessons.md"
    own_endpoint: "docs/own-endpoint.md"
    packaging: "docs/packaging.md"
    programs: "docs/programs.md"
    proxies: "docs/proxies.md"
    recordings: "docs/recordings.md"
    scenarios: "docs/scenarios.md"
    screen_reader: "docs/screen-reader.md"
    screen: "docs/screen.md"
    security: "docs/security.md"
    settings: "docs/settings.md"
    shell: "docs/shell.md"
    without_a_screen: "docs/without-a-screen.md"
}

/// The commands of a page, by its lines alone, without a parser of Markdown.
fn lines_of_commands(of: &str) -> usize {
    let text = fs::read_to_string(page(of)).unwrap();
    let (mut inside, mut goes_on, mut count) = (false, false, 0);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside && line.trim() == "```sh";
            goes_on = false;
        } else if inside {
            let is_one = !goes_on && !line.trim().is_empty() && !line.trim_start().starts_with('#');
            count += usize::from(is_one);
            goes_on = line.ends_with('\\');
        }
    }
    count
}

#[test]
fn each_page_with_commands_has_its_test() {
    let with: Vec<String> = pages()
        .into_iter()
        .filter(|page| page.blocks.iter().any(|block| block.language == "sh"))
        .map(|page| page.of)
        .collect();
    assert_eq!(with, PAGES);
}

/// A command that hides in a block of another language would not be run.
#[test]
fn no_command_stands_in_a_block_of_another_language() {
    for page in pages() {
        for block in page.blocks.iter().filter(|block| block.language != "sh") {
            let hidden = block.text.lines().find(|line| {
                let line = line.trim_start().trim_start_matches("$ ");
                line.starts_with("finwait ") || line.contains("| finwait ")
            });
            assert_eq!(hidden, None, "{}: make the block ```sh", page.of);
            let is_a_shell = ["bash", "shell", "console", "zsh", "fish"].contains(&block.language.as_str());
            assert!(!is_a_shell, "{}: make the block ```sh", page.of);
        }
    }
}

/// What finwait is called with anywhere, in a block or in a line of text, is what it understands; also where it is not run.
#[test]
fn finwait_understands_each_command_line() {
    let mut wrong = Vec::new();
    let mut read_all = 0;
    for page in pages() {
        let blocks = page.blocks.iter().filter(|block| block.language == "sh");
        let typed = blocks.flat_map(|block| commands(&block.text)).map(|line| (line, true));
        let named = page.spans.iter().map(|span| (span.clone(), false));
        for (line, is_whole) in typed.chain(named) {
            for call in calls(&line) {
                let Some(words) = of_finwait(&call) else { continue };
                // An ellipsis stands for what everybody knows by then.
                let words: Vec<String> = words.iter().filter(|word| word.as_str() != "...").cloned().collect();
                read_all += 1;
                // In a line of text a verb may be named without what it takes.
                let why = read(&words).err();
                let why = why.filter(|why| is_whole || !why.contains("were not provided"));
                wrong.extend(why.map(|why| format!("{}: {why}", page.of)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read_all > 100, "{read_all}");
}
