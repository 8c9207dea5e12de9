//! A person at a terminal: the real binary in a pty, its screen as a terminal emulator shows it, keys and mouse as a terminal sends them.

use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::process::Pid;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcgetwinsize, tcsetwinsize};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use finwait::side::Side;
use finwait::tui::layout::{self, Plates, ScreenLayout};

/// How long a person would wait before giving up; a bound, not an expectation.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program.
const FINWAIT: [&str; 1] = [env!("CARGO_BIN_EXE_finwait")];

pub struct Terminal {
    parser: vt100::Parser,
    output: Receiver<Vec<u8>>,
    /// The terminal's side of the pty; none once it has hung up.
    master: Option<Arc<OwnedFd>>,
    reader: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    child: Child,
    /// Everything that was ever written to the terminal.
    pub raw: Vec<u8>,
}

/// The folder of this run's histories, one for each test.
fn state_home() -> std::path::PathBuf {
    let test = std::thread::current().name().unwrap_or("main").replace("::", "-");
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("state-{}", std::process::id()))
        .join(test)
}

/// A new pty of that size: the terminal's side and the program's.
fn pty(cols: u16, rows: u16) -> (OwnedFd, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
    grantpt(&master).expect("a pty");
    unlockpt(&master).expect("a pty");
    let name = ptsname(&master, Vec::new()).expect("a pty has a name");
    let slave = File::options()
        .read(true)
        .write(true)
        .open(name.to_str().expect("a plain name"))
        .expect("its other side");
    tcsetwinsize(&master, size(cols, rows)).expect("a pty has a size");
    (master, slave)
}

fn size(cols: u16, rows: u16) -> Winsize {
    Winsize {
        ws_row: rows,
        ws_col: cols,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}

/// What raw mode changes in a line discipline, and must be put back.
fn modes(fd: impl AsFd) -> String {
    let termios = tcgetattr(fd).expect("a pty has modes");
    format!(
        "{:?} {:?} {:?}",
        termios.local_modes, termios.input_modes, termios.output_modes
    )
}

/// The modes of a pty that nobody has touched.
pub fn untouched() -> String {
    let (_master, slave) = pty(80, 24);
    modes(&slave)
}

impl Terminal {
    /// Starts finwait with these arguments in a terminal of that size.
    pub fn start(cols: u16, rows: u16, args: &[&str]) -> Terminal {
        Terminal::start_with(cols, rows, args, &[])
    }

    pub fn start_with(cols: u16, rows: u16, args: &[&str], env: &[(&str, &str)]) -> Terminal {
        Terminal::start_where(pty(cols, rows), |command| {
            command.args(FINWAIT).args(args).envs(env.iter().copied());
        })
    }

    /// In a folder.
    pub fn start_in(folder: &Path, cols: u16, rows: u16, args: &[&str]) -> Terminal {
        Terminal::start_in_with(folder, cols, rows, args, &[])
    }

    /// In a folder, with variables of the environment.
    pub fn start_in_with(folder: &Path, cols: u16, rows: u16, args: &[&str], env: &[(&str, &str)]) -> Terminal {
        Terminal::start_where(pty(cols, rows), |command| {
            command
                .current_dir(folder)
                .args(FINWAIT)
                .args(args)
                .envs(env.iter().copied());
        })
    }

    /// In a folder, with no room for a byte in any file.
    pub fn start_without_room(folder: &Path, cols: u16, rows: u16, args: &[&str]) -> Terminal {
        let without_room = ["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh"];
        Terminal::start_where(pty(cols, rows), |command| {
            command.current_dir(folder).args(without_room).args(FINWAIT).args(args);
        })
    }

    /// Started by another program, which has it behind its own arguments.
    pub fn start_by(starter: &[&str], args: &[&str]) -> Terminal {
        Terminal::start_where(pty(120, 40), |command| {
            command.args(starter).args(FINWAIT).args(args);
        })
    }

    /// In a terminal that somebody has made non-blocking.
    pub fn start_nonblocking(cols: u16, rows: u16) -> Terminal {
        let (master, slave) = pty(cols, rows);
        rustix::io::ioctl_fionbio(&slave, true).expect("a pty can be non-blocking");
        Terminal::start_where((master, slave), |command| {
            command.args(FINWAIT);
        })
    }

    fn start_where((master, slave): (OwnedFd, File), what: impl FnOnce(&mut Command)) -> Terminal {
        let size = tcgetwinsize(&master).expect("a pty has a size");
        let (rows, cols) = (size.ws_row, size.ws_col);
        let side = || Stdio::from(slave.try_clone().expect("a descriptor"));
        // A session of its own, with the pty as its controlling terminal, as a terminal emulator starts a program.
        let mut command = Command::new("setsid");
        command
            .arg("--ctty")
            .env("TERM", "xterm-256color")
            // What is typed in a test is not the user's history.
            .env("XDG_STATE_HOME", state_home())
            // Nobody's own configuration.
            .env("XDG_CONFIG_HOME", "/dev/null")
            .env_remove("COLORTERM")
            .env_remove("XTERM_VERSION")
            .env_remove("NO_COLOR");
        // What its keys write does not lie about in the sources.
        command.current_dir(env!("CARGO_TARGET_TMPDIR"));
        what(&mut command);
        let child = command
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("setsid (util-linux) starts finwait");
        let master = Arc::new(master);
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, output) = channel();
        let reader = std::thread::spawn({
            let (master, stop) = (Arc::clone(&master), Arc::clone(&stop));
            move || {
                let mut chunk = [0; 4096];
                let tick = Timespec::try_from(Duration::from_millis(20)).expect("a short time");
                while !stop.load(Ordering::Relaxed) {
                    let mut fds = [PollFd::new(&master, PollFlags::IN)];
                    if poll(&mut fds, Some(&tick)) == Ok(0) {
                        continue;
                    }
                    // EIO: the program's side is closed.
                    match rustix::io::read(&master, &mut chunk) {
                        Ok(n) if n > 0 && sender.send(chunk[..n].to_vec()).is_ok() => {}
                        _ => return,
                    }
                }
            }
        });
        Terminal {
            parser: {
                // One that does not know its size is taken for a VT100.
                let (rows, cols) = if (rows, cols) == (0, 0) { (24, 80) } else { (rows, cols) };
                vt100::Parser::new(rows.try_into().expect("not 0"), cols.try_into().expect("not 0"), 0)
            },
            output,
            master: Some(master),
            reader: Some(reader),
            stop,
            child,
            raw: Vec::new(),
        }
    }

    fn master(&self) -> &OwnedFd {
        self.master.as_ref().expect("the terminal has not hung up")
    }

    /// The terminal goes away, as when its window is closed.
    pub fn hang_up(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.reader
            .take()
            .expect("it hangs up once")
            .join()
            .expect("the reader ends");
        self.master = None;
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// The screen as lines of text.
    pub fn lines(&self) -> Vec<String> {
        let (_, cols) = self.screen().size();
        self.screen().rows(0, cols.get()).collect()
    }

    /// What [`scribble`](Terminal::scribble) leaves.
    pub const SCRIBBLE: &str = "a message from somebody else";

    /// Another program writes over the screen.
    pub fn scribble(&mut self) {
        self.parser
            .process(format!("\x1b[2J\x1b[3;3H{}", Terminal::SCRIBBLE).as_bytes());
    }

    /// How often finwait has written this.
    pub fn written(&self, text: &str) -> usize {
        let is_it = |bytes: &&[u8]| *bytes == text.as_bytes();
        self.raw.windows(text.len()).filter(is_it).count()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
    }

    /// Waits until the screen is as `wanted` says; shows the screen when it never is.
    #[track_caller]
    pub fn wait(&mut self, what: &str, mut wanted: impl FnMut(&[String]) -> bool) {
        self.until(what, |terminal| wanted(&terminal.lines()));
    }

    /// Waits until the terminal is as `wanted` says.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut wanted: impl FnMut(&Terminal) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if !self.is_drawing() && wanted(self) {
                return;
            }
            // Not all that is waited for shows in what finwait writes.
            match self.output.recv_timeout(Duration::from_millis(20)) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited for {what}; the screen is\n{}", self.lines().join("\n"))
                }
                Err(RecvTimeoutError::Disconnected) if wanted(self) => return,
                Err(RecvTimeoutError::Disconnected) => {
                    panic!(
                        "finwait ended before {what}; the screen was\n{}",
                        self.lines().join("\n")
                    )
                }
            }
        }
    }

    /// Is a frame begun and not whole (mode 2026), so that what a terminal shows is still the one before?
    fn is_drawing(&self) -> bool {
        let last = |mark: &[u8]| self.raw.windows(mark.len()).rposition(|bytes| bytes == mark);
        last(b"\x1b[?2026h") > last(b"\x1b[?2026l")
    }

    /// Waits until this text is somewhere on the screen.
    #[track_caller]
    pub fn see(&mut self, text: &str) {
        self.wait(&format!("\"{text}\""), |lines| {
            lines.iter().any(|line| line.contains(text))
        });
    }

    /// Waits until both endpoints are there, as the log says; where it has no place, it is zoomed for that.
    #[track_caller]
    pub fn see_both_up(&mut self) {
        self.see(" finwait ");
        if self.map().log.is_empty() {
            self.keys("zzz");
            self.see_in_the_log_that_both_are_up();
            // Esc as the kitty protocol sends it.
            self.keys("\x1b[27u");
            return self.wait("the whole screen", |lines| !lines.join("\n").contains(" log "));
        }
        self.see_in_the_log_that_both_are_up();
    }

    #[track_caller]
    fn see_in_the_log_that_both_are_up(&mut self) {
        self.wait("both endpoints", |lines| {
            let said = |side: Side| format!(" {side}  the endpoint is up");
            let is_up = |side: Side| lines.iter().any(|line| line.contains(&said(side)));
            Side::BOTH.into_iter().all(is_up)
        });
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        let mut rest = keys.as_bytes();
        while !rest.is_empty() {
            let n = rustix::io::write(self.master(), rest).expect("the pty takes input");
            rest = &rest[n..];
        }
    }

    /// Where this text begins within an area, each time; column and row from 0.
    fn places(&self, text: &str, area: Rect) -> Vec<(u16, u16)> {
        let wanted: Vec<char> = text.chars().collect();
        let cols = usize::from(self.screen().size().1.get());
        let lines = self.lines();
        let rows = lines.iter().enumerate().map(|(row, line)| (row as u16, line));
        rows.filter(|(row, _)| (area.y..area.bottom()).contains(row))
            .flat_map(|(row, line)| {
                // What is blank at the end of a line counts, too.
                let chars: Vec<char> = format!("{line:cols$}").chars().collect();
                let begins = chars.windows(wanted.len()).enumerate();
                let found = begins.filter(|(_, window)| *window == wanted.as_slice());
                found.map(|(col, _)| (col as u16, row)).collect::<Vec<_>>()
            })
            .filter(|(col, _)| (area.x..area.right()).contains(col))
            .collect()
    }

    /// The whole screen, or one half of it.
    fn area(&self, half: Half) -> Rect {
        let (rows, cols) = self.screen().size();
        let (middle, cols) = (cols.get() / 2, cols.get());
        match half {
            Half::Left => Rect::new(0, 0, middle, rows.get()),
            Half::Right => Rect::new(middle, 0, cols - middle, rows.get()),
            Half::Both => Rect::new(0, 0, cols, rows.get()),
        }
    }

    /// The map of the screen without a guide.
    pub fn map(&self) -> ScreenLayout {
        let under_the_header = self.lines()[1].starts_with(" recording: ");
        layout::map(self.area(Half::Both), under_the_header, false).expect("finwait has the room that it needs")
    }

    /// Where the buttons of a place stand.
    fn place(&self, place: Place) -> Rect {
        let (screen, map) = (self.area(Half::Both), self.map());
        let both = layout::has_both_ends(screen.width);
        match place {
            // Where one end alone has its buttons, it has all of the place.
            Place::End(_) if !both => map.buttons,
            Place::End(Side::Client) => self.area(Half::Left).intersection(map.buttons),
            Place::End(Side::Server) => self.area(Half::Right).intersection(map.buttons),
            Place::Wire if both => Rect { height: 1, ..map.wire },
            Place::Wire => map.buttons,
            Place::Now => map.now,
            // All but the line that says what is under the pointer.
            Place::Screen => Rect {
                height: screen.height - 1,
                ..screen
            },
        }
    }

    /// The text of an end's plate, by lines.
    pub fn plate(&self, side: Side) -> Vec<String> {
        let area = match self.map().plates {
            Plates::Boxes { ends, .. } => ends[side],
            Plates::Lines(area) if area.height < 5 => Rect {
                y: area.y + u16::from(side == Side::Server),
                height: 1,
                ..area
            },
            Plates::Lines(area) => area.intersection(self.area(match side {
                Side::Client => Half::Left,
                Side::Server => Half::Right,
            })),
        };
        let of = |line: String| {
            line.chars()
                .skip(area.x.into())
                .take(area.width.into())
                .collect::<String>()
        };
        let rows = self.lines().into_iter().skip(area.y.into()).take(area.height.into());
        rows.map(of).collect()
    }

    /// The state on an end's plate, as its chip has it; where it has large letters there is no text to read.
    pub fn state(&self, side: Side) -> Option<String> {
        let plate = self.plate(side);
        let chip = match self.map().plates {
            Plates::Boxes { large: true, .. } => return None,
            Plates::Boxes { .. } => plate.get(1)?.chars().skip(1).collect(),
            Plates::Lines(_) => plate[0].split_once(&side.name().to_uppercase())?.1.to_owned(),
        };
        chip.split_whitespace()
            .next()
            .map(|state| state.trim_end_matches('!').to_owned())
    }

    /// Waits until an end's plate shows that state.
    #[track_caller]
    pub fn see_state(&mut self, side: Side, state: &str) {
        self.until(&format!("the {side} in {state}"), |terminal| {
            terminal.state(side).as_deref() == Some(state)
        });
    }

    /// Waits until an end's plate says this.
    #[track_caller]
    pub fn see_at(&mut self, side: Side, text: &str) {
        self.until(&format!("\"{text}\" on the {side}'s plate"), |terminal| {
            terminal.plate(side).iter().any(|line| line.contains(text))
        });
    }

    /// What a terminal reports (SGR, mode 1006) when the left mouse button is pressed and released on the middle of a text that begins there.
    fn report(text: &str, (col, row): (u16, u16)) -> String {
        let (x, y) = (col + text.chars().count() as u16 / 2 + 1, row + 1);
        format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")
    }

    /// Waits until a text stands in exactly one place of an area, and returns the report of a press on it.
    #[track_caller]
    fn press_on_the_one(&mut self, text: &str, area: Rect) -> String {
        let what = format!("exactly one \"{text}\" to press in {area}");
        self.until(&what, |terminal| terminal.places(text, area).len() == 1);
        Terminal::report(text, self.places(text, area)[0])
    }

    /// Presses the button with these words, `c connect`, or where it has no words with this key, `S`: of an end by its side, else in a place
    /// of the screen. There must be one.
    #[track_caller]
    pub fn press(&mut self, place: impl Into<Place>, words: &str) {
        let area = self.place(place.into());
        let report = self.press_on_the_one(&format!(" {words} "), area);
        self.keys(&report);
    }

    /// Clicks on the middle of this text, of which there must be one.
    #[track_caller]
    pub fn click_the(&mut self, text: &str) {
        let report = self.press_on_the_one(text, self.area(Half::Both));
        self.keys(&report);
    }

    /// Clicks on the middle of this text, the topmost of those in that half.
    #[track_caller]
    pub fn click(&mut self, text: &str, half: Half) {
        let report = self.press_on(text, half);
        self.keys(&report);
    }

    /// The pointer moves onto the middle of this text, the topmost of those in that half.
    #[track_caller]
    pub fn point_at(&mut self, text: &str, half: Half) {
        let report = self.press_on(text, half);
        let (_, place) = report.split_once(';').expect("a report");
        let (place, _) = place.split_once('M').expect("a report");
        self.keys(&format!("\x1b[<35;{place}M"));
    }

    /// The report of a press on the middle of this text, the topmost of those in that half.
    #[track_caller]
    pub fn press_on(&mut self, text: &str, half: Half) -> String {
        let area = self.area(half);
        self.until(&format!("\"{text}\" to click on"), |terminal| {
            !terminal.places(text, area).is_empty()
        });
        Terminal::report(text, self.places(text, area)[0])
    }

    /// The terminal's size changes.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.parser
            .set_size(rows.try_into().expect("not 0"), cols.try_into().expect("not 0"));
        tcsetwinsize(self.master(), size(cols, rows)).expect("the pty is resized");
    }

    /// finwait's process number.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// The only child of the program that was started, once there is one.
    pub fn only_child(&self) -> Pid {
        let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid()));
        let children = children.expect("the program lives");
        let pids: Vec<i32> = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
        assert_eq!(pids.len(), 1, "{children}");
        Pid::from_raw(pids[0]).expect("a process")
    }

    /// The processes below the program that was started which have this in their command line.
    pub fn processes(&self, mark: &str) -> Vec<i32> {
        let below = |pid: i32| {
            let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten();
            let children = tasks
                .filter_map(Result::ok)
                .map(|task| std::fs::read_to_string(task.path().join("children")).unwrap_or_default());
            let pids = children.flat_map(|all| all.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
            pids.filter_map(|pid| pid.parse::<i32>().ok()).collect::<Vec<_>>()
        };
        let (mut found, mut all) = (Vec::new(), below(self.pid()));
        while let Some(pid) = all.pop() {
            all.extend(below(pid));
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&line).replace('\0', " ").contains(mark) {
                found.push(pid);
            }
        }
        found
    }

    /// The process of an end's native endpoint, once there is one.
    pub fn endpoint(&self, side: Side) -> Option<i32> {
        self.processes(&format!("finwait-endpoint endpoint --side {side}"))
            .pop()
    }

    /// The line discipline as it is now.
    pub fn modes(&self) -> String {
        modes(self.master())
    }

    /// Waits for the end of the program; its exit status.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("its status can be asked for") {
                // What it wrote last.
                while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
                    self.take(&bytes);
                }
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "finwait did not end; the screen is\n{}",
                self.lines().join("\n")
            );
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(10)) {
                self.take(&bytes);
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Which half of the screen a text must be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    Left,
    Right,
    Both,
}

/// A place where buttons stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Those of an end.
    End(Side),
    /// The wire's verbs: in its title, or beside those of the end.
    Wire,
    /// *now*, with what it proposes to try.
    Now,
    /// Wherever it stands.
    Screen,
}

impl From<Side> for Place {
    fn from(side: Side) -> Place {
        Place::End(side)
    }
}
