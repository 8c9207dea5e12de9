//! finwait-lab in another crate's `cargo test`: `examples/half-close-test`, built from the workspace's lock file, run as an ordinary user.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The example's test program, where anyone may run it.
struct Program(PathBuf);

impl Program {
    /// Builds it beside this one, without a network.
    fn new(name: &str) -> Program {
        let own = std::env::current_exe().unwrap();
        let profile = own.ancestors().nth(2).unwrap();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["test", "--no-run", "--offline", "--locked", "--message-format=json"])
            .args(["-p", "half-close-test", "--test", "half_close"])
            .args(profile.ends_with("release").then_some("--release"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("CARGO_TARGET_DIR", profile.parent().unwrap());
        let output = cargo.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let built = text(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .unwrap();
        let folder = std::env::temp_dir().join(format!("finwait-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let program = Program(folder);
        fs::copy(built, program.path()).unwrap();
        fs::set_permissions(program.path(), fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    fn path(&self) -> PathBuf {
        self.0.join("half_close")
    }

    /// Runs it with its argument, by a shell that has run `before` in namespaces of its own, and by `user`.
    fn run(&self, namespaces: &[&str], before: &str, user: &str, argument: &str) -> Output {
        let script = format!("set -e; {before}; exec {user} \"$@\"");
        let mut command = Command::new("unshare");
        command.args(namespaces).args(["sh", "-c", &script, "sh"]);
        let output = command.arg(self.path()).arg(argument).current_dir("/").output();
        output.expect("unshare and setpriv, of util-linux, are needed")
    }

    /// An ordinary user runs it, where the TUN device has this mode. It is a device file of our own, in a mount namespace of its own: the
    /// machine's stays as it is, however the test ends.
    fn run_as_user(&self, mode: &str, argument: &str) -> Output {
        if rustix::process::getuid().is_root() {
            let tun = format!("mount -t tmpfs none /dev/net; mknod -m {mode} /dev/net/tun c 10 200");
            self.run(
                &["--mount"],
                &tun,
                "setpriv --reuid 65534 --regid 65534 --clear-groups",
                argument,
            )
        } else {
            // Already one, and the machine's device is what there is.
            let before = if mode == "666" {
                ":"
            } else {
                "mount -t tmpfs none /dev/net"
            };
            let namespaces: &[&str] = if mode == "666" {
                &[]
            } else {
                &["--user", "--map-root-user", "--mount"]
            };
            self.run(namespaces, before, "", argument)
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Each of its tests passes, in parallel threads, and none was left out.
#[test]
fn another_crates_tests_hold_a_fin_as_an_ordinary_user() {
    let program = Program::new("library");
    let output = program.run_as_user("666", "--test-threads=4");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    assert!(said.contains("test a_fin_on_its_way ... ok"), "{said}");
    let list = Command::new(program.path()).arg("--list").output().unwrap();
    let tests = text(&list.stdout)
        .lines()
        .filter(|line| line.ends_with(": test"))
        .count();
    let passed = format!("test result: ok. {tests} passed; 0 failed; 0 ignored; ");
    assert!(tests > 1 && said.contains(&passed), "{said}");
}

/// Where the machine does not allow the lab, a test fails with one sentence: what is missing, and what to do.
#[test]
fn what_is_missing_is_one_sentence() {
    let program = Program::new("library-less");
    let fails = |output: Output, sentence: &str| {
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(101), "{said}{}", text(&output.stderr));
        assert!(said.contains(sentence), "{said}");
    };
    let one = "a_fin_on_its_way";
    fails(
        program.run_as_user("600", one),
        if rustix::process::getuid().is_root() {
            "open /dev/net/tun: Permission denied (os error 13) -> sudo chmod 0666 /dev/net/tun, as distributions ship it"
        } else {
            "open /dev/net/tun: No such file or directory (os error 2) -> sudo modprobe tun; in a container, add the device"
        },
    );
    fails(
        program.run(
            &["--user", "--map-root-user"],
            "echo 0 > /proc/sys/user/max_user_namespaces",
            "setpriv --bounding-set=-all --inh-caps=-all",
            one,
        ),
        "unshare the user namespace: No space left on device (os error 28) -> sudo sysctl user.max_user_namespaces=1000",
    );
}
