//! The verbs without a screen, a file each.

mod aside;
pub mod battery;
pub mod book;
pub mod children;
pub mod ci;
pub mod claims;
pub mod code;
pub mod commands;
pub mod config;
pub mod explain;
pub mod export;
pub mod man;
pub mod matrix;
pub mod open;
pub mod output;
pub mod printer;
mod refused;
pub mod scenarios;

use std::io;

/// Says in one sentence why the file that is shown as `shown` could not be opened or read.
fn not_read(shown: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is no file {shown}"),
        io::ErrorKind::PermissionDenied => format!("{shown} may not be read: permission denied"),
        _ => format!("{shown}: {error}"),
    }
}
