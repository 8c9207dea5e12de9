//! redis and PostgreSQL under their own clients, as an ordinary user and as root: what the clients say of a server that goes away.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command_line::Copy;
use crate::support::{finwait, has, output};

/// What a command prints, its complaints, and its exit status.
fn ran(command: &mut Command) -> (String, String, Option<i32>) {
    let output = output(command);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// The scenario of the catalog, which root plays with all the others.
#[test]
fn an_ordinary_user_kills_redis_under_its_clients() {
    if !has("redis-server") || !has("redis-cli") {
        return;
    }
    let copy = Copy::new("redis");
    let scenario = ["run", "redis-blocked-client-and-killed-server", "--allow-run"];
    let (text, complaints, status) = ran(copy.ordinary().args(scenario));
    assert_eq!((complaints.as_str(), status), ("", Some(0)), "{text}");
    assert!(text.contains(" holds: 9 steps, "), "{text}");
}

/// The directory of PostgreSQL's server programs, which Debian does not have on PATH.
fn postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut bins = versions.map(|version| version.path().join("bin"));
    let found = bins.find(|bin| bin.join("initdb").exists());
    found.or_else(|| {
        has("initdb").then(|| {
            finwait::runtime::on_path("initdb")
                .unwrap()
                .parent()
                .unwrap()
                .to_owned()
        })
    })
}

/// A file that psql reads from, and that nobody has written to yet: psql is idle until someone does.
fn fifo(directory: &Path) -> PathBuf {
    let path = directory.join("go");
    let name = CString::new(path.to_str().unwrap()).unwrap();
    let made = rustix::fs::mkfifoat(rustix::fs::CWD, &name, rustix::fs::Mode::from_raw_mode(0o666));
    made.unwrap();
    // Whatever the umask is.
    rustix::fs::chmod(&name, rustix::fs::Mode::from_raw_mode(0o666)).unwrap();
    path
}

/// `select 1` is answered; then the server is stopped while psql is idle, which psql finds out with its next query.
fn psql_loses_its_server(finwait: &mut Command, directory: &Path, bin: &Path) {
    let (bin, go) = (bin.display(), fifo(directory));
    let go = go.display();
    // The data is in the program's own directory, and goes with it.
    let server = format!(
        "file=\"README=\" env=LC_ALL=C sh -c '{bin}/initdb -D data -U me -A trust --locale=C --no-sync > initdb.log && \
         echo host all all all trust >> data/pg_hba.conf && exec {bin}/postgres -D data -p 8080 -h \"*\" -k \"\" -F'"
    );
    let psql = format!(
        "client run stdin=\"select 1 as one;\\n\\\\! cat {go}\\nselect 2 as two;\\n\" env=LC_ALL=C psql -X -h server -p 8080 -U me postgres"
    );
    let open = format!("client run sh -c ': > {go}'");
    let commands = [
        "server await output \"ready to accept connections\" within=30s",
        &psql,
        "client await output \"(1 row)\" within=30s",
        "client await ESTABLISHED",
        // A fast shutdown: connections are told, and closed.
        "server signal INT",
        "server await exit within=30s",
        &open,
        "client await exit psql within=30s",
    ];
    let (text, complaints, status) = ran(finwait
        .args(["--lab", "isolated", "--server-run", &server, "do"])
        .args(commands));
    assert_eq!(status, Some(1), "{text}{complaints}");
    assert!(complaints.contains("psql exited with status 2"), "{complaints}");
    for line in [
        "SYN_SENT   caused by connect by psql, pid ",
        "client ESTABLISHED -> CLOSE_WAIT   caused by the FIN,ACK received",
        ": FATAL:  terminating connection due to administrator command",
        ": server closed the connection unexpectedly",
        ": connection to server was lost",
        "exited with status 0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    // The server's words are read, though they came while psql was idle, and an RST after them.
    let before = |first: &str, then: &str| text.find(first).unwrap() < text.find(then).unwrap();
    assert!(before("CLOSE_WAIT", ": FATAL:"), "{text}");
    assert!(!text.contains("(no name)"), "{text}");
    assert!(!text.contains("| 2"), "{text}");
}

#[test]
fn psql_loses_its_server_as_an_ordinary_user() {
    let Some(bin) = postgres().filter(|_| has("psql")) else {
        return;
    };
    let copy = Copy::new("psql-user");
    psql_loses_its_server(&mut copy.ordinary(), copy.directory(), &bin);
}

/// PostgreSQL refuses to be root's: its programs are another user's.
#[test]
fn psql_loses_its_server_under_root() {
    let Some(bin) = postgres().filter(|_| has("psql")) else {
        return;
    };
    if !rustix::process::getuid().is_root() {
        eprintln!("SKIPPED: only root runs programs as another user");
        return;
    }
    let directory = Copy::new("psql-root");
    let mut finwait = finwait();
    finwait.args(["--run-as", "nobody"]);
    psql_loses_its_server(&mut finwait, directory.directory(), &bin);
}
