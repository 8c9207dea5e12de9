//! The user's cache directory: endpoints' sources, and what compilers made of them.
//!
//! A folder's name tells the source and the compiler's version by a hash, so that whatever lies there fits. It is made under
//! another name and renamed when it is whole: programs that start at the same time cannot see half of one.

use etcetera::BaseStrategy;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Build, Launch, Recipe, on_path};
use crate::error::{Error, Operation, Result};
use crate::os::signal::die_with_parent;

/// The packages that `java` must open to the endpoint, which looks into them for a socket's descriptor.
const OPENS: [&str; 6] = [
    "--add-opens",
    "java.base/java.net=ALL-UNNAMED",
    "--add-opens",
    "java.base/java.io=ALL-UNNAMED",
    "--add-opens",
    "java.base/sun.nio.ch=ALL-UNNAMED",
];

/// Options that make a short-lived virtual machine start quickly.
const QUICK: [&str; 3] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"];

/// Variables that keep a runtime from packets of its own: Deno asks for its newest version.
pub(crate) const SILENT: [(&str, &str); 1] = [("DENO_NO_UPDATE_CHECK", "1")];

fn failed(recipe: &Recipe, why: String) -> Error {
    Error::NoRuntime {
        name: recipe.name.into(),
        why,
    }
}

/// The first line of what the tool says of its version; remembered, for a virtual machine takes its time to say it.
pub(super) fn version(recipe: &Recipe, tool: &Path) -> Result<String> {
    let known = fs::metadata(tool).ok().and_then(|file| {
        let when = format!("{} {} {}", file.len(), file.mtime(), file.ctime());
        let words = [tool.to_string_lossy().into_owned(), when];
        Some(usable(recipe).ok()?.join(format!("version-{:016x}", key(&words))))
    });
    if let Some(said) = known.as_ref().and_then(|known| fs::read_to_string(known).ok()) {
        return Ok(said);
    }
    let said = ask_version(recipe, tool)?;
    if let Some(known) = known {
        // Whole or not at all, and only for the next time.
        let unfinished = known.with_extension(std::process::id().to_string());
        let kept = known.parent().is_some_and(|folder| fs::create_dir_all(folder).is_ok());
        if kept
            && fs::write(&unfinished, &said)
                .and_then(|()| fs::rename(&unfinished, &known))
                .is_err()
        {
            let _ = fs::remove_file(&unfinished);
        }
    }
    Ok(said)
}

fn ask_version(recipe: &Recipe, tool: &Path) -> Result<String> {
    let output = run(recipe, Command::new(tool).args(recipe.version))?;
    // javac before 9 wrote it to standard error.
    let said = if output.stdout.is_empty() {
        output.stderr
    } else {
        output.stdout
    };
    let said = String::from_utf8_lossy(&said);
    Ok(said.lines().next().unwrap_or_default().trim().to_owned())
}

/// Runs a tool to its end; an error with its first words when it failed.
fn run(recipe: &Recipe, command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    // A lab may be waiting for it beside which the program ends: no compiler outlives it.
    die_with_parent(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .during(|| format!("run {program}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let words: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(4)
        .collect();
    Err(failed(
        recipe,
        format!("{program} failed ({}): {}", output.status, words.join(" / ")),
    ))
}

/// The program, ready to be started.
pub(super) fn launch(recipe: &Recipe, tool: &Path) -> Result<Launch> {
    let folder = made(recipe, tool)?;
    let file = main_file(recipe);
    let launch = match recipe.build {
        Build::Script(arguments) => Launch::new(tool).with(arguments).with([folder.join(file)]),
        Build::Program(_) | Build::Package => Launch::new(folder.join("endpoint")),
        Build::Classes => {
            let java = on_path("java").ok_or_else(|| recipe.lacks("java"))?;
            Launch::new(java).with(QUICK.iter().chain(&OPENS)).with([
                "-cp".into(),
                folder.into_os_string(),
                "Endpoint".into(),
            ])
        }
    };
    Ok(launch.with(recipe.arguments))
}

/// Is a compiler yet to make the program?
pub(super) fn is_to_be_compiled(recipe: &Recipe, tool: &Path) -> bool {
    !matches!(recipe.build, Build::Script(_)) && folder(recipe, tool).is_ok_and(|folder| !folder.is_dir())
}

/// The name of the file that is run or compiled.
fn main_file(recipe: &Recipe) -> &'static str {
    recipe.sources.first().map_or("", |(file, _)| file)
}

/// The prefix that distinguishes a source's folders from those of others.
fn stem(recipe: &Recipe) -> &'static str {
    let file = main_file(recipe);
    file.split('.').next_back().unwrap_or(file)
}

/// The name of the folder with the source and what was made of it.
fn folder(recipe: &Recipe, tool: &Path) -> Result<PathBuf> {
    let compiler = match recipe.build {
        Build::Script(_) => String::new(),
        Build::Program(_) | Build::Package | Build::Classes => version(recipe, tool)?,
    };
    let mut words: Vec<&str> = recipe.sources.iter().map(|(_, text)| *text).collect();
    words.extend([&compiler, recipe.tool]);
    let name = format!("{}-{:016x}", stem(recipe), key(&words));
    // What lies in a cache that can only be read is as good.
    if let Ok(kept) = directory().map(|own| own.join(&name))
        && kept.is_dir()
    {
        return Ok(kept);
    }
    Ok(usable(recipe)?.join(name))
}

/// The folder, made where it is not there yet.
fn made(recipe: &Recipe, tool: &Path) -> Result<PathBuf> {
    let folder = folder(recipe, tool)?;
    if folder.is_dir() {
        return Ok(folder);
    }
    let (caches, stem) = (usable(recipe)?, stem(recipe));
    // Each attempt has a name of its own: two threads may make the same.
    static ATTEMPTS: AtomicU32 = AtomicU32::new(0);
    let attempt = ATTEMPTS.fetch_add(1, Ordering::Relaxed);
    let unfinished = caches.join(format!("{stem}-unfinished-{}-{attempt}", std::process::id()));
    let advice = |what: &str| format!("{what} {}", unfinished.display());
    // What a run that was killed left behind under our number.
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir_all(&unfinished).during(|| advice("make the cache directory"))?;
    let written = write_sources(recipe, &unfinished).during(|| advice("write the endpoint's source into"));
    let built = written.and_then(|()| build(recipe, tool, &unfinished, &caches));
    if let Err(error) = built {
        let _ = fs::remove_dir_all(&unfinished);
        return Err(error);
    }
    if let Err(error) = fs::rename(&unfinished, &folder) {
        let _ = fs::remove_dir_all(&unfinished);
        // Somebody else was quicker, and made the same.
        if !folder.is_dir() {
            return Err(error).during(|| format!("rename {} to {}", unfinished.display(), folder.display()));
        }
    }
    Ok(folder)
}

/// Returns finwait's own directory among the user's caches.
///
/// # Errors
///
/// There is no cache directory: one sentence that says what to set.
pub fn directory() -> std::result::Result<PathBuf, String> {
    let strategy = etcetera::choose_base_strategy()
        .map_err(|error| format!("there is no cache directory: {error}; set HOME or XDG_CACHE_HOME"))?;
    Ok(strategy.cache_dir().join("finwait"))
}

/// Returns the directory that endpoints are put into: the user's cache, or where that cannot be written a temporary one.
fn usable(recipe: &Recipe) -> Result<PathBuf> {
    let own = directory();
    match &own {
        Ok(own) if can_write(own).is_ok() => Ok(own.clone()),
        Ok(_) | Err(_) => temporary().or_else(|error| match own {
            Ok(own) => Err(error).during(|| {
                let place = temporary_place();
                format!("make the cache directory {} or {}", own.display(), place.display())
            }),
            Err(why) => Err(failed(recipe, why)),
        }),
    }
}

/// Can endpoints be put there? The directory is made where it is not there.
fn can_write(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    fs::create_dir_all(folder)?;
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

/// The place of the temporary cache: one for each user, so that the next program finds what this one has compiled.
fn temporary_place() -> PathBuf {
    let user = rustix::process::geteuid().as_raw();
    std::env::temp_dir().join(format!("finwait-cache-{user}"))
}

/// Makes the temporary cache; one that is there is used if it is this user's alone, for programs are started from it.
fn temporary() -> io::Result<PathBuf> {
    let place = temporary_place();
    if let Err(error) = fs::DirBuilder::new().mode(0o700).create(&place)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    let about = fs::symlink_metadata(&place)?;
    let is_ours = about.is_dir() && about.uid() == rustix::process::geteuid().as_raw() && about.mode() & 0o077 == 0;
    if is_ours {
        Ok(place)
    } else {
        Err(io::Error::other("it is somebody else's, or open to others"))
    }
}

/// Returns in one sentence that a temporary directory has to do for the user's cache, and why; none where the cache can be written.
pub fn substitute() -> Option<String> {
    let why = match directory() {
        Ok(own) => format!("{}: {}", own.display(), can_write(&own).err()?),
        Err(why) => why,
    };
    let place = temporary().ok()?;
    Some(format!(
        "the cache cannot be written ({why}); endpoints are compiled into {} instead",
        place.display()
    ))
}

/// The same for the same words, in every run of one build.
fn key<W: Hash>(words: &[W]) -> u64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    hasher.finish()
}

/// Builds the package, and keeps its program alone.
fn build_package(recipe: &Recipe, cargo: &Path, folder: &Path, caches: &Path) -> Result<()> {
    let target = folder.join("target");
    let mut command = Command::new(cargo);
    command
        .args(["build", "--release", "--offline", "--quiet", "--target-dir"])
        .arg(&target)
        .current_dir(folder)
        // A profile's settings and a build directory of the user's are not for this.
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_BUILD_BUILD_DIR");
    if let Err(error) = run(recipe, &mut command) {
        return Err(match error {
            // What cargo says of each crate that it has not.
            Error::NoRuntime { why, .. } if why.contains("--offline") => missing_crates(recipe, caches),
            other => other,
        });
    }
    fs::rename(target.join("release/endpoint"), folder.join("endpoint"))
        .and_then(|()| fs::remove_dir_all(&target))
        .during(|| format!("keep the program that cargo made in {}", target.display()))
}

/// The error that its crates are not in cargo's cache: finwait downloads nothing, and leaves the package for the user's `cargo fetch`.
fn missing_crates(recipe: &Recipe, caches: &Path) -> Error {
    let folder = caches.join(format!("{}-crates", recipe.name));
    let written = fs::create_dir_all(&folder).and_then(|()| write_sources(recipe, &folder));
    let manifest = folder.join("Cargo.toml");
    failed(
        recipe,
        match written {
            Ok(()) => format!(
                "its crates are not in cargo's cache: `cargo fetch --manifest-path {}` brings them",
                manifest.display()
            ),
            Err(error) => format!(
                "its crates are not in cargo's cache, and {} was not written: {error}",
                manifest.display()
            ),
        },
    )
}

fn write_sources(recipe: &Recipe, folder: &Path) -> io::Result<()> {
    let write = |(file, text): &(&str, &str)| fs::write(folder.join(file), text);
    recipe.sources.iter().try_for_each(write)
}

fn build(recipe: &Recipe, tool: &Path, folder: &Path, caches: &Path) -> Result<()> {
    let file = main_file(recipe);
    let mut command = Command::new(tool);
    command.current_dir(folder);
    match recipe.build {
        Build::Script(_) => return Ok(()),
        Build::Package => return build_package(recipe, tool, folder, caches),
        Build::Program(arguments) => command.args(arguments).args(["endpoint", file]),
        Build::Classes => command.args(["-encoding", "UTF-8", file]),
    };
    // One file without a module, no C, nothing from a network; its own cache, which a home directory need not have.
    command
        .env("GO111MODULE", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "")
        .env("CGO_ENABLED", "0")
        .env("GOCACHE", caches.join("go-build"));
    run(recipe, &mut command).map(drop)
}
