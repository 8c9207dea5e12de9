//! Languages that an endpoint is written in: those that finwait brings along, and commands of the user's own.
//!
//! Each brings its endpoint's source (`assets/runtimes/`), which speaks the endpoint protocol. It is put into the user's cache
//! directory, compiled there if need be, once for each source and compiler, and started from there.

use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use finwait_model::side::{Ends, Side};

pub mod cache;

/// A language, or a way of using one, that an end can be driven by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Runtime {
    /// Raw system calls, by finwait itself
    #[default]
    Native,
    /// C: POSIX calls, perror's texts
    C,
    /// Go: net.Dialer, net.Conn
    Go,
    /// Python: socket
    Python,
    /// Node: net
    Node,
    /// Node: net with allowHalfOpen
    NodeHalfOpen,
    /// Java: java.net.Socket
    Java,
    /// Java: java.nio.channels.SocketChannel
    JavaNio,
    /// Rust: std::net
    Rust,
    /// Rust: tokio::net
    RustTokio,
    /// Ruby: Socket
    Ruby,
    /// PHP: ext-sockets
    Php,
    /// Bun: Bun.connect, Bun.listen
    Bun,
    /// Deno: Deno.connect, Deno.listen
    Deno,
}

/// The steps that make a runtime's endpoint from its source and start it.
struct Recipe {
    /// The runtime's name on the command line, and in its `hello`.
    name: &'static str,
    /// The source files: the name and the text of the one that is run or compiled, then of those that it includes.
    sources: &'static [SourceFile],
    /// The program that runs or compiles it, found on PATH.
    tool: &'static str,
    /// The arguments that ask the tool for its version.
    version: &'static [&'static str],
    /// What has the tool.
    package: Package,
    /// The way it is built.
    build: Build,
    /// The arguments that the endpoint is started with.
    arguments: &'static [&'static str],
}

/// A package that has a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    /// Debian's and Ubuntu's of that name.
    Debian(&'static str),
    /// npm's.
    Npm(&'static str),
}

impl Package {
    /// The place where its tool is: `in the package golang-go`.
    pub fn place(self) -> String {
        match self {
            Package::Debian(name) => format!("in the package {name}"),
            Package::Npm(name) => format!("in npm's package {name}"),
        }
    }

    /// The advice to install it: `install the package golang-go`.
    pub fn advice(self) -> String {
        match self {
            Package::Debian(name) => format!("install the package {name}"),
            Package::Npm(name) => format!("npm install --global {name}"),
        }
    }
}

/// Whose it is, and its name: `Debian's and Ubuntu's package is golang-go`.
impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Package::Debian(name) => write!(f, "Debian's and Ubuntu's package is {name}"),
            Package::Npm(name) => write!(f, "npm's package is {name}"),
        }
    }
}

/// A file's name, and its text.
type SourceFile = (&'static str, &'static str);

/// The way in which a source is built before it runs.
#[derive(Clone, Copy)]
enum Build {
    /// Nothing: the tool runs the file, whose name follows these arguments.
    Script(&'static [&'static str]),
    /// The tool makes a program of it, with these arguments before the output's name and the source's.
    Program(&'static [&'static str]),
    /// `cargo` makes a program of the package, offline, from the crates in its cache.
    Package,
    /// `javac` makes class files of it, which `java` runs.
    Classes,
}

const GO: &[SourceFile] = &[("endpoint.go", include_str!("../../assets/runtimes/endpoint.go"))];
const PYTHON: &[SourceFile] = &[("endpoint.py", include_str!("../../assets/runtimes/endpoint.py"))];
const NODE: &[SourceFile] = &[
    ("endpoint.mjs", include_str!("../../assets/runtimes/endpoint.mjs")),
    JAVASCRIPT_PROTOCOL,
];
const JAVASCRIPT_PROTOCOL: SourceFile = ("protocol.mjs", include_str!("../../assets/runtimes/protocol.mjs"));
const JAVA: &[SourceFile] = &[("Endpoint.java", include_str!("../../assets/runtimes/Endpoint.java"))];
const C: &[SourceFile] = &[("endpoint.c", include_str!("../../assets/runtimes/endpoint.c"))];
const RUST: &[SourceFile] = &[
    ("endpoint.rs", include_str!("../../assets/runtimes/endpoint.rs")),
    RUST_PROTOCOL,
];
const TOKIO: &[SourceFile] = &[
    (
        "endpoint_tokio.rs",
        include_str!("../../assets/runtimes/endpoint_tokio.rs"),
    ),
    ("Cargo.toml", include_str!("../../assets/runtimes/endpoint_tokio.toml")),
    RUST_PROTOCOL,
];
const RUST_PROTOCOL: SourceFile = ("protocol.rs", include_str!("../../assets/runtimes/protocol.rs"));
const RUBY: &[SourceFile] = &[("endpoint.rb", include_str!("../../assets/runtimes/endpoint.rb"))];
const PHP: &[SourceFile] = &[("endpoint.php", include_str!("../../assets/runtimes/endpoint.php"))];
const BUN: &[SourceFile] = &[
    (
        "endpoint_bun.mjs",
        include_str!("../../assets/runtimes/endpoint_bun.mjs"),
    ),
    JAVASCRIPT_PROTOCOL,
];
const DENO: &[SourceFile] = &[
    (
        "endpoint_deno.mjs",
        include_str!("../../assets/runtimes/endpoint_deno.mjs"),
    ),
    JAVASCRIPT_PROTOCOL,
];

impl Runtime {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Runtime; 14] = [
        Runtime::Native,
        Runtime::C,
        Runtime::Go,
        Runtime::Python,
        Runtime::Node,
        Runtime::NodeHalfOpen,
        Runtime::Java,
        Runtime::JavaNio,
        Runtime::Rust,
        Runtime::RustTokio,
        Runtime::Ruby,
        Runtime::Php,
        Runtime::Bun,
        Runtime::Deno,
    ];

    const fn recipe(self) -> Option<Recipe> {
        Some(match self {
            Runtime::Native => return None,
            Runtime::Go => Recipe {
                name: "go",
                sources: GO,
                tool: "go",
                version: &["version"],
                package: Package::Debian("golang-go"),
                build: Build::Program(&["build", "-trimpath", "-o"]),
                arguments: &[],
            },
            Runtime::Python => Recipe {
                name: "python",
                sources: PYTHON,
                tool: "python3",
                version: &["--version"],
                package: Package::Debian("python3"),
                build: Build::Script(&[]),
                arguments: &[],
            },
            Runtime::Node => Recipe {
                name: "node",
                sources: NODE,
                tool: "node",
                version: &["--version"],
                package: Package::Debian("nodejs"),
                build: Build::Script(&[]),
                arguments: &[],
            },
            Runtime::NodeHalfOpen => Recipe {
                name: "node-half-open",
                sources: NODE,
                tool: "node",
                version: &["--version"],
                package: Package::Debian("nodejs"),
                build: Build::Script(&[]),
                arguments: &["--half-open"],
            },
            Runtime::Java => Recipe {
                name: "java",
                sources: JAVA,
                tool: "javac",
                version: &["-version"],
                package: Package::Debian("default-jdk-headless"),
                build: Build::Classes,
                arguments: &[],
            },
            Runtime::JavaNio => Recipe {
                name: "java-nio",
                sources: JAVA,
                tool: "javac",
                version: &["-version"],
                package: Package::Debian("default-jdk-headless"),
                build: Build::Classes,
                arguments: &["--nio"],
            },
            Runtime::Rust => Recipe {
                name: "rust",
                sources: RUST,
                tool: "rustc",
                version: &["--version"],
                package: Package::Debian("rustc"),
                build: Build::Program(&["--edition", "2021", "-C", "opt-level=1", "-o"]),
                arguments: &[],
            },
            Runtime::RustTokio => Recipe {
                name: "rust-tokio",
                sources: TOKIO,
                tool: "cargo",
                version: &["--version"],
                package: Package::Debian("cargo"),
                build: Build::Package,
                arguments: &[],
            },
            Runtime::Ruby => Recipe {
                name: "ruby",
                sources: RUBY,
                tool: "ruby",
                version: &["--version"],
                package: Package::Debian("ruby"),
                build: Build::Script(&[]),
                arguments: &[],
            },
            Runtime::Php => Recipe {
                name: "php",
                sources: PHP,
                tool: "php",
                version: &["--version"],
                package: Package::Debian("php-cli"),
                build: Build::Script(&[]),
                arguments: &[],
            },
            Runtime::Bun => Recipe {
                name: "bun",
                sources: BUN,
                tool: "bun",
                version: &["--version"],
                package: Package::Npm("bun"),
                build: Build::Script(&[]),
                arguments: &[],
            },
            Runtime::Deno => Recipe {
                name: "deno",
                sources: DENO,
                tool: "deno",
                version: &["--version"],
                package: Package::Npm("deno"),
                build: Build::Script(&["run", "--allow-all", "--quiet"]),
                arguments: &[],
            },
            Runtime::C => Recipe {
                name: "c",
                sources: C,
                tool: "cc",
                version: &["--version"],
                package: Package::Debian("gcc"),
                build: Build::Program(&["-O1", "-pthread", "-o"]),
                arguments: &[],
            },
        })
    }

    /// The name: `go`, `java-nio`.
    pub const fn name(self) -> &'static str {
        match self.recipe() {
            None => "native",
            Some(recipe) => recipe.name,
        }
    }

    /// The runtime of that name.
    pub fn named(name: &str) -> Option<Runtime> {
        Runtime::ALL.into_iter().find(|runtime| runtime.name() == name)
    }

    /// Returns the version of the tool that runs or compiles it, one line.
    ///
    /// # Errors
    ///
    /// [`Error::NoTool`] where the tool is not on PATH; [`Error::NoRuntime`] where it does not say its version.
    pub fn version(self) -> Result<String> {
        match self.recipe() {
            None => Ok(format!("finwait {}", env!("CARGO_PKG_VERSION"))),
            Some(recipe) => cache::version(&recipe, &recipe.find()?),
        }
    }

    /// The tool that runs or compiles it, and the package that has it; none for what finwait does itself.
    pub fn needs(self) -> Option<(&'static str, Package)> {
        self.recipe().map(|recipe| (recipe.tool, recipe.package))
    }

    /// Returns whether it is available here.
    pub fn is_here(self) -> bool {
        self.recipe().is_none_or(|recipe| recipe.find().is_ok())
    }

    /// The language and the way of using it, as its users write them: `Node, half-open`.
    pub const fn title(self) -> &'static str {
        match self {
            Runtime::Native => "native",
            Runtime::C => "C",
            Runtime::Go => "Go",
            Runtime::Python => "Python",
            Runtime::Node => "Node",
            Runtime::NodeHalfOpen => "Node, half-open",
            Runtime::Java => "Java",
            Runtime::JavaNio => "Java, nio",
            Runtime::Rust => "Rust",
            Runtime::RustTokio => "Rust, tokio",
            Runtime::Ruby => "Ruby",
            Runtime::Php => "PHP",
            Runtime::Bun => "Bun",
            Runtime::Deno => "Deno",
        }
    }

    /// The calls that its endpoint makes for a program, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Runtime::Native => "raw system calls, by finwait itself",
            Runtime::C => "POSIX calls, perror's texts",
            Runtime::Go => "net.Dialer, net.Conn",
            Runtime::Python => "socket",
            Runtime::Node => "net",
            Runtime::NodeHalfOpen => "net with allowHalfOpen",
            Runtime::Java => "java.net.Socket",
            Runtime::JavaNio => "java.nio.channels.SocketChannel",
            Runtime::Rust => "std::net",
            Runtime::RustTokio => "tokio::net",
            Runtime::Ruby => "Socket",
            Runtime::Php => "ext-sockets",
            Runtime::Bun => "Bun.connect, Bun.listen",
            Runtime::Deno => "Deno.connect, Deno.listen",
        }
    }

    /// Is a compiler yet to make its endpoint? Asks the compiler for its version where that is not known yet, which takes a while.
    pub fn is_to_be_compiled(self) -> bool {
        let recipe = self.recipe();
        recipe.is_some_and(|recipe| recipe.find().is_ok_and(|tool| cache::is_to_be_compiled(&recipe, &tool)))
    }
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The choice of what drives an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuntimeChoice {
    /// One of ours.
    Runtime(Runtime),
    /// A command of the user's own, which speaks the protocol; `sh` reads it.
    Command(String),
}

impl Default for RuntimeChoice {
    fn default() -> RuntimeChoice {
        RuntimeChoice::Runtime(Runtime::Native)
    }
}

/// A program that is ready to be started as an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program to start.
    pub program: PathBuf,
    /// The program's arguments.
    pub arguments: Vec<OsString>,
    /// `strace`, where it is to show the endpoint's own system calls.
    pub strace: Option<PathBuf>,
    /// The library may make and close descriptors, and carry IPv4 over IPv6 sockets, silently: all but the native endpoint may.
    pub hides: bool,
}

impl Launch {
    fn new(program: impl Into<PathBuf>) -> Launch {
        Launch {
            program: program.into(),
            arguments: Vec::new(),
            strace: None,
            hides: true,
        }
    }

    fn with<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Launch {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The native endpoint, which is the program itself.
    fn native(program: &Path, side: Side) -> Launch {
        Launch {
            hides: false,
            ..Launch::new(program).with(["endpoint", "--side", side.name()])
        }
    }

    fn prepare(choice: &RuntimeChoice, side: Side, program: &Path, strace: Option<&Path>) -> Result<Launch> {
        let launch = match choice {
            RuntimeChoice::Runtime(runtime) => match runtime.recipe() {
                // It says itself which calls it makes.
                None => return Ok(Launch::native(program, side)),
                Some(recipe) => cache::launch(&recipe, &recipe.find()?)?,
            },
            // With exec the command's process is the one that was started, whose descriptors and death are watched.
            RuntimeChoice::Command(command) => Launch::new("/bin/sh").with(["-c".into(), format!("exec {command}")]),
        };
        Ok(Launch {
            strace: strace.map(Path::to_owned),
            ..launch
        })
    }
}

/// The runtimes among them whose endpoints a compiler is yet to make, which takes a while.
pub fn to_be_compiled(choices: &Ends<RuntimeChoice>) -> Vec<Runtime> {
    let mut runtimes: Vec<Runtime> = choices
        .iter()
        .filter_map(|(_, choice)| match choice {
            RuntimeChoice::Runtime(runtime) => Some(*runtime),
            RuntimeChoice::Command(_) => None,
        })
        .filter(|runtime| runtime.is_to_be_compiled())
        .collect();
    runtimes.dedup();
    runtimes
}

/// The programs that drive both ends, and how each is started: made ready once, for labs one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointRuntimes {
    choices: Ends<RuntimeChoice>,
    syscalls: bool,
    strace: Option<PathBuf>,
    launches: Ends<Launch>,
}

impl EndpointRuntimes {
    /// Returns raw system calls for both ends; `program` is finwait itself.
    pub fn native(program: &Path) -> EndpointRuntimes {
        EndpointRuntimes {
            choices: Ends::default(),
            syscalls: false,
            strace: None,
            launches: Ends::from_fn(|side| Launch::native(program, side)),
        }
    }

    /// Finds these runtimes on PATH and compiles their endpoints where that was not done before. `syscalls` has `strace` show their calls.
    ///
    /// # Errors
    ///
    /// [`Error::NoTool`] where a tool or `strace` is not on PATH; [`Error::NoRuntime`] and [`Error::Os`] where an endpoint was not built.
    pub fn by(choices: Ends<RuntimeChoice>, syscalls: bool, program: &Path) -> Result<EndpointRuntimes> {
        let strace = syscalls.then(find_strace).transpose()?;
        let launch = |side| Launch::prepare(&choices[side], side, program, strace.as_deref());
        let launches = Ends {
            client: launch(Side::Client)?,
            server: launch(Side::Server)?,
        };
        Ok(EndpointRuntimes {
            choices,
            syscalls,
            strace,
            launches,
        })
    }

    /// The same, but the ends with a runtime here are driven by that, whatever drove them.
    ///
    /// # Errors
    ///
    /// The errors of [`EndpointRuntimes::by`].
    pub fn with(&self, runtimes: Ends<Option<Runtime>>, program: &Path) -> Result<EndpointRuntimes> {
        let choices = Ends::from_fn(|side| match runtimes[side] {
            Some(runtime) => RuntimeChoice::Runtime(runtime),
            None => self.choices[side].clone(),
        });
        EndpointRuntimes::by(choices, self.syscalls, program)
    }

    /// Returns `strace`, where system calls are to be seen.
    pub fn strace(&self) -> Option<PathBuf> {
        self.strace.clone()
    }

    /// The choices of what drives the ends.
    pub const fn choices(&self) -> &Ends<RuntimeChoice> {
        &self.choices
    }

    /// What makes other runtimes ready for an end of the same lab.
    pub fn maker(&self, side: Side, program: &Path) -> LaunchMaker {
        LaunchMaker {
            side,
            program: program.to_owned(),
            syscalls: self.syscalls,
        }
    }

    /// The same, but an end that is left to raw system calls is driven by that runtime.
    ///
    /// # Errors
    ///
    /// The errors of [`EndpointRuntimes::by`].
    pub fn or(&self, runtimes: Ends<Runtime>, program: &Path) -> Result<EndpointRuntimes> {
        let choices = Ends::from_fn(|side| match &self.choices[side] {
            choice if *choice == RuntimeChoice::default() => RuntimeChoice::Runtime(runtimes[side]),
            choice => choice.clone(),
        });
        if choices == self.choices {
            return Ok(self.clone());
        }
        EndpointRuntimes::by(choices, self.syscalls, program)
    }

    /// Do raw system calls drive both ends?
    pub fn is_native(&self) -> bool {
        self.choices
            .iter()
            .all(|(_, choice)| *choice == RuntimeChoice::default())
    }

    /// Returns them in words: `client driven by java`; none where raw calls drive both ends.
    pub fn words(&self) -> Option<String> {
        let ends: Vec<String> = self
            .choices
            .iter()
            .filter_map(|(side, choice)| match choice {
                RuntimeChoice::Runtime(Runtime::Native) => None,
                RuntimeChoice::Runtime(runtime) => Some(format!("{side} driven by {runtime}")),
                RuntimeChoice::Command(command) => Some(format!("{side} driven by {command}")),
            })
            .collect();
        (!ends.is_empty()).then(|| ends.join(", "))
    }

    /// Returns how an end's endpoint is started.
    pub fn launch(&self, side: Side) -> &Launch {
        &self.launches[side]
    }

    /// The arguments by which another finwait has the same.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        for (side, choice) in self.choices.iter() {
            match choice {
                RuntimeChoice::Runtime(Runtime::Native) => {}
                RuntimeChoice::Runtime(runtime) => arguments.extend([format!("--{side}"), runtime.to_string()]),
                RuntimeChoice::Command(command) => arguments.extend([format!("--{side}-command"), command.clone()]),
            }
        }
        if self.syscalls {
            arguments.push("--syscalls".into());
        }
        arguments
    }
}

/// What makes a runtime ready to be started at an end while a lab runs.
#[derive(Clone, Debug)]
pub struct LaunchMaker {
    side: Side,
    /// finwait itself.
    program: PathBuf,
    /// Whether strace is to show the endpoint's system calls.
    syscalls: bool,
}

impl LaunchMaker {
    /// Finds the runtime on PATH and compiles its endpoint where that was not done before, which takes a while.
    ///
    /// # Errors
    ///
    /// The errors of [`EndpointRuntimes::by`].
    pub fn make(&self, runtime: Runtime) -> Result<Launch> {
        let strace = self.syscalls.then(find_strace).transpose()?;
        Launch::prepare(
            &RuntimeChoice::Runtime(runtime),
            self.side,
            &self.program,
            strace.as_deref(),
        )
    }
}

fn find_strace() -> Result<PathBuf> {
    on_path("strace").ok_or(Error::NoTool {
        what: "--syscalls".into(),
        tool: "strace",
        package: Package::Debian("strace"),
    })
}

/// A program's place on PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    use rustix::fs::{Access, access};
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file() && access(file, Access::EXEC_OK).is_ok())
}

impl Recipe {
    fn find(&self) -> Result<PathBuf> {
        on_path(self.tool).ok_or_else(|| self.lacks(self.tool))
    }

    fn lacks(&self, tool: &'static str) -> Error {
        Error::NoTool {
            what: format!("the runtime {}", self.name),
            tool,
            package: self.package,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "clap")]
    #[test]
    fn every_runtime_has_one_name_on_the_command_line_and_in_the_code() {
        use clap::ValueEnum;
        assert_eq!(Runtime::value_variants().len(), Runtime::ALL.len());
        for runtime in Runtime::ALL {
            let value = runtime.to_possible_value().unwrap();
            assert_eq!(value.get_name(), runtime.name());
            let word = serde_json::to_value(runtime).unwrap();
            assert_eq!(word, runtime.name());
            assert_eq!(Runtime::named(runtime.name()), Some(runtime));
        }
    }

    #[test]
    fn a_command_of_the_users_own_is_the_endpoints_process() {
        let choice = RuntimeChoice::Command("./mine --fast".into());
        let launch = Launch::prepare(&choice, Side::Client, Path::new("/finwait"), None).unwrap();
        assert_eq!(launch.program, Path::new("/bin/sh"));
        assert_eq!(launch.arguments, ["-c", "exec ./mine --fast"]);
    }
}
