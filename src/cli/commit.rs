//! The commit that is built: of the repository's, or of a package's of the crate, which has no repository. `build.rs` asks for it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns the commit and its date (`abc1234 2026-11-30`), of a package without the date; none where neither git nor a package knows it.
pub(crate) fn commit_of(root: &Path) -> Option<String> {
    // A repository around the sources, such as a packager's, is another one.
    if root.join(".git").exists() {
        return git(root, &["log", "-1", "--format=%h %cs", "--abbrev=7"]);
    }
    let package = std::fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let at = package.find("\"sha1\"")? + "\"sha1\"".len();
    let sha = package[at..].split('"').nth(1)?;
    let is_sha = sha.len() >= 7 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha.then(|| sha[..7].to_owned())
}

/// Returns the files that change with the commit.
pub(crate) fn changes_with(root: &Path) -> Vec<PathBuf> {
    if !root.join(".git").exists() {
        return Vec::new();
    }
    let file = |name| git(root, &["rev-parse", "--git-path", name]).map(|path| root.join(path));
    // A file that is not there would have the build script run each time.
    let files = ["HEAD", "logs/HEAD"].into_iter().filter_map(file);
    files.filter(|path| path.exists()).collect()
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let said = said.trim();
    (output.status.success() && !said.is_empty()).then(|| said.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_folder::Folder;
    use std::fs;

    #[test]
    fn the_commit_comes_from_the_repository_or_the_package_or_is_unknown() {
        let folder = Folder::new("commit");
        let root = folder.path();
        assert_eq!(commit_of(root), None);
        assert_eq!(changes_with(root), Vec::<PathBuf>::new());
        let package = root.join(".cargo_vcs_info.json");
        fs::write(
            &package,
            "{\n \"git\": {\n  \"sha1\": \"0123456789abcdef\"\n },\n \"path_in_vcs\": \"\"\n}",
        )
        .unwrap();
        assert_eq!(commit_of(root).as_deref(), Some("0123456"));
        fs::write(&package, "{}").unwrap();
        assert_eq!(commit_of(root), None);
        // A repository comes before a package.
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command
                .arg("-C")
                .arg(root)
                .args(["-c", "user.name=n", "-c", "user.email=e@example.org"]);
            let date = "2026-11-30T12:00:00Z";
            command
                .args(arguments)
                .env("GIT_COMMITTER_DATE", date)
                .env("GIT_AUTHOR_DATE", date);
            assert!(command.output().unwrap().status.success(), "{arguments:?}");
        };
        git(&["init", "-q"]);
        assert_eq!(commit_of(root), None, "there is no commit yet");
        git(&["commit", "-q", "--allow-empty", "-m", "First"]);
        let commit = commit_of(root).unwrap();
        let (sha, date) = commit.split_once(' ').unwrap();
        assert!(
            sha.len() >= 7 && sha.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{commit}"
        );
        assert_eq!(date, "2026-11-30");
        assert!(!changes_with(root).is_empty());
    }
}
