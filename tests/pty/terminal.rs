//! A person at a terminal: the real binary in a pty, its screen as a terminal emulator shows it, keys and mouse as a terminal sends them.

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
        Terminal::start_where(pty(cols, rows), |command| {
            command.current_dir(folder).args(FINWAIT).args(args);
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
            if wanted(self) {
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

    /// Waits until this text is somewhere on the screen.
    #[track_caller]
    pub fn see(&mut self, text: &str) {
        self.wait(&format!("\"{text}\""), |lines| {
            lines.iter().any(|line| line.contains(text))
        });
    }

    /// Waits until both endpoints are there, as the log says.
    #[track_caller]
    pub fn see_both_up(&mut self) {
        self.wait("both endpoints", |lines| {
            lines.join("\n").matches("the endpoint is up").count() >= 2
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

    /// Where this text begins, in the left (`client`) or right (`server`) half if one is asked for; column and row from 0.
    fn find(&self, text: &str, half: Half) -> Option<(u16, u16)> {
        let (_, cols) = self.screen().size();
        let middle = usize::from(cols.get() / 2);
        self.lines().iter().enumerate().find_map(|(row, line)| {
            let chars: Vec<char> = line.chars().collect();
            let wanted: Vec<char> = text.chars().collect();
            chars
                .windows(wanted.len())
                .enumerate()
                .find(|(col, window)| {
                    *window == wanted.as_slice()
                        && match half {
                            Half::Left => *col < middle,
                            Half::Right => *col >= middle,
                        }
                })
                .map(|(col, _)| (col as u16, row as u16))
        })
    }

    /// Clicks on the middle of this text.
    #[track_caller]
    pub fn click(&mut self, text: &str, half: Half) {
        let report = self.press_on(text, half);
        self.keys(&report);
    }

    /// What a terminal reports (SGR, mode 1006) when the left mouse button is pressed and released on the middle of this text.
    #[track_caller]
    pub fn press_on(&mut self, text: &str, half: Half) -> String {
        let place = |term: &Terminal| term.find(text, half);
        if place(self).is_none() {
            self.wait(&format!("\"{text}\" to click on"), |_| true);
            let deadline = Instant::now() + PATIENCE;
            while place(self).is_none() {
                match self
                    .output
                    .recv_timeout(deadline.saturating_duration_since(Instant::now()))
                {
                    Ok(bytes) => self.take(&bytes),
                    Err(_) => panic!("no \"{text}\" to click on; the screen is\n{}", self.lines().join("\n")),
                }
            }
        }
        let (col, row) = place(self).expect("it was just seen");
        let (x, y) = (col + text.chars().count() as u16 / 2 + 1, row + 1);
        format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")
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
}
