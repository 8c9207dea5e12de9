//! `finwait man`: the man pages, made of the same commands and options as the help.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::Command;
use clap_mangen::Man;

use crate::cli::tree;
use crate::exit::{BAD, fail};

/// Writes `finwait.1`, and a page for each command, into a folder.
pub fn write(folder: &Path) -> ExitCode {
    match pages().and_then(|pages| {
        fs::create_dir_all(folder)?;
        pages
            .iter()
            .try_for_each(|(name, page)| fs::write(folder.join(name), page))
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(BAD, &format!("{}: {error}", folder.display())),
    }
}

/// Returns each page with its file's name.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut tree = tree();
    tree.build();
    let visible = tree
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help");
    let verbs: Vec<Command> = visible.cloned().collect();
    [tree].into_iter().chain(verbs).map(page).collect()
}

fn page(command: Command) -> io::Result<(String, Vec<u8>)> {
    // finwait-do
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut page = Vec::new();
    // What the help leaves out is said here.
    let command = command.mut_args(|arg| arg.hide_short_help(false).hide_long_help(false));
    Man::new(command)
        .title(name.to_uppercase())
        .source(concat!("finwait ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands")
        .render(&mut page)?;
    Ok((format!("{name}.1"), page))
}
