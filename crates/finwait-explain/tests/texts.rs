//! Texts that do not fit do not compile, and the message says where and what.

#[path = "../build/texts.rs"]
mod texts;

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use texts::{FILES, Source};

/// The code for one file, or what is wrong with it.
fn compile(name: &str, text: &str) -> Result<String, Vec<String>> {
    let (name, shape) = FILES.iter().find(|(known, _)| *known == name).unwrap();
    texts::compile(&[Source {
        name,
        shape,
        text: text.to_owned(),
    }])
}

/// Wants just that mistake.
fn refuses(name: &str, text: &str, mistake: &str) {
    match compile(name, text) {
        Ok(code) => panic!("{text:?} is taken: {code}"),
        Err(mistakes) => assert!(
            mistakes.len() == 1 && mistakes[0].contains(mistake),
            "{text:?}: {mistake:?} is not what {mistakes:?} say"
        ),
    }
}

#[test]
fn the_texts_of_the_program_fit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/explain");
    let files = texts::read(&folder).unwrap();
    texts::compile(&files).unwrap();
}

#[test]
fn a_text_that_does_not_fit_is_refused_with_its_place() {
    let at = |line: usize| format!("assets/explain/successes.toml:{line}: ");
    for (text, mistake) in [
        (
            "[a]\nb = \"Yes {hold}.\"",
            "`b`: {hold} is no placeholder; known here are {after}, ",
        ),
        ("[a]\nb = \"Yes {held.\"", "`b`: {held.} is no placeholder"),
        ("[a]\nb = \"\"", "`b` has no text"),
        ("[a]\nb = 5", "`b` is to be a text in quotes"),
        ("[a]\nb = \"Yes\"", "`b` is to be a sentence: end it with a period"),
        ("[a]\nb = \"yes.\"", "`b` is to be a sentence: begin it with a capital"),
        ("[a]\nb = \"Yes  no.\"", "`b` has a space too many"),
        ("[part.a]\nb = \"yes.\"", "`b` is to be a clause"),
        ("[a]\nb = \"A.\"\nb = \"B.\"", "duplicate key"),
        (
            "[a-b]\nc = \"A.\"\n[a]\nb-c = \"B.\"",
            "[a] b-c has the name of another text, ABC",
        ),
        ("a = [\"A.\"]", "`a` is to be a text in quotes"),
    ] {
        refuses("successes", text, mistake);
        let last = text.lines().count();
        refuses("successes", text, &at(last));
    }
    refuses("outcomes", "[a]\nb = \"{cause}\"", "end it with a period");
}

#[test]
fn the_list_of_placeholders_at_the_top_is_true() {
    let text = "[a]\nb = \"{held} may wait.\"";
    compile("successes", &format!("#   {{held}}  how many\n{text}")).unwrap();
    refuses(
        "successes",
        &format!("# Of {{effect}}.\n{text}"),
        "does not list {held}",
    );
    let both = "#   {held}, {icmp}\n";
    refuses(
        "successes",
        &format!("{both}{text}"),
        "lists {icmp}, which no text of the file has",
    );
}

#[test]
fn a_record_has_all_its_texts_and_no_others() {
    let whole = "[a.EPIPE]\nmeans = \"A.\"\nlook-for = [\"b\"]\nmistaken-for = \"C.\"\nbrief = \"d\"\n";
    let code = compile("elsewhere", whole).unwrap();
    assert!(code.contains("const A_EPIPE: crate::elsewhere::Text"), "{code}");
    for (part, otherwise, mistake) in [
        ("brief = \"d\"\n", "", "[a.EPIPE] has no `brief`"),
        (
            "brief",
            "short = \"e\"\nbrief",
            "[a.EPIPE] has `short`; it may have `means`",
        ),
        ("[\"b\"]", "[]", "`look-for` is to be a list of texts"),
        ("\"A.\"", "\"A {held}.\"", "`means` may have no placeholder"),
        ("\"A.\"", "\"A\"", "end it with a period"),
    ] {
        refuses("elsewhere", &whole.replace(part, otherwise), mistake);
    }
    let filled = "#   {retries2}  tries\n[a]\nshort = \"D.\"\nawaits = \"e\"\nmeaning = \"A.\"\nwaits-for = \"B {retries2}.\"\nends-by = \"C.\"\n";
    let code = compile("meanings", filled).unwrap();
    assert!(code.contains("retries2 = settings.retries2()"), "{code}");
    for (part, otherwise, mistake) in [
        (
            "\"C.\"",
            "\"C {tries}.\"",
            "`ends-by`: {tries} is no figure; known here are {fin-timeout}",
        ),
        ("\"C.\"", "\"C {fin-timeout}.\"", "does not list {fin-timeout}"),
        ("\"C.\"", "\"C\"", "end it with a period"),
    ] {
        refuses("meanings", &filled.replace(part, otherwise), mistake);
    }
    compile("waiting", "[a]\nawaits = \"b\"\nended-by = \"c\"").unwrap();
}

#[test]
fn a_file_that_no_code_reads_and_one_that_is_missing_are_told() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("texts");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("sates.toml"), "").unwrap();
    let mistakes = texts::read(&folder).err().unwrap();
    let says = |what: &str| mistakes.iter().any(|mistake| mistake.contains(what));
    assert!(says("assets/explain/rules.toml: No such file"), "{mistakes:?}");
    assert!(says("assets/explain/sates.toml: no code has its texts"), "{mistakes:?}");
}

/// Compiles the texts and a program that uses them; the compiler's complaints.
fn rustc(name: &str, text: &str, program: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join(format!("{name}.rs"));
    let used = ["{held}", "{ms}", "{effect}"]
        .into_iter()
        .filter(|used| text.contains(used));
    let header: String = used.map(|used| format!("#   {used}\n")).collect();
    let code = compile("successes", &format!("{header}{text}")).unwrap();
    fs::write(
        &path,
        format!("#![deny(dead_code)]\n{code}\nuse successes::*;\nfn main() {{ {program} }}"),
    )
    .unwrap();
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition=2024", "--emit=metadata", "--color=never", "--out-dir"]);
    let output = rustc.arg(folder).arg(path).output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn code_and_texts_that_do_not_agree_do_not_compile() {
    let text = "[listen]\nroom = \"{held} may wait: {effect}.\"\n[part.effect]\nnone = \"no more\"\n";
    let program = "print!(\"{}\", Success::ListenRoom { held: 5, effect: Effect::None });";
    assert_eq!(rustc("fits", text, program), "");
    let place = "assets/explain/successes.toml, [part.effect] many";
    for (name, text, mistakes) in [
        (
            "missing",
            text.replace("room", "rooom"),
            &["no variant", "`ListenRoom`"][..],
        ),
        (
            "unused",
            format!("{text}many = \"many\"\n"),
            &["`Many` is never constructed", place],
        ),
        ("twice", text.replace("may wait", "wait of {held}"), &[]),
        ("added", text.replace("{held}", "{held} {ms}"), &["missing field `ms`"]),
        ("lost", text.replace("{held}", "Some"), &["no field named `held`"]),
    ] {
        let said = rustc(name, &text, program);
        assert_eq!(said.is_empty(), mistakes.is_empty(), "{name}: {said}");
        for mistake in mistakes {
            assert!(said.contains(mistake), "{name}: {mistake:?} is not in {said}");
        }
    }
}
