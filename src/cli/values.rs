//! The values of options: from text, and as the help lists them.

use clap::ValueEnum;

use crate::clock::Millis;
use crate::command::ThemeName;
use crate::command::table::LONGEST_MS;
use crate::host::Port;
use crate::lab::NamedAddress;
use crate::runtime::Runtime;
use crate::side::Side;
use crate::typed;

/// Reads a port.
pub(super) fn port(text: &str) -> Result<Port, String> {
    let port = text.parse().ok().filter(|port| *port > 0).map(Port);
    port.ok_or_else(|| "a port is a number from 1 to 65535".into())
}

/// Reads a name and the address that it stands for.
pub(super) fn host(text: &str) -> Result<(String, NamedAddress), String> {
    let like = "it must be like db=server or api.example=10.0.0.9";
    let (name, address) = text.split_once('=').ok_or(like)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(fits) {
        return Err(format!("a name has letters, digits, dots and hyphens; {like}"));
    }
    let side = Side::BOTH.into_iter().find(|side| side.name() == address);
    let address = side
        .map(NamedAddress::Host)
        .or_else(|| address.parse().ok().map(NamedAddress::Ip));
    Ok((name.to_owned(), address.ok_or(like)?))
}

/// Reads how long to wait.
pub(super) fn patience(text: &str) -> Result<Millis, String> {
    let time = typed::millis(text).filter(|time| (1..=LONGEST_MS).contains(&time.0));
    time.ok_or_else(|| {
        format!(
            "it must be a time from 1 ms to {} s, like 500ms or 2s",
            LONGEST_MS / 1000
        )
    })
}

/// Returns the names of an enum's values, with commas.
pub(super) fn names<T: ValueEnum>() -> String {
    let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let names: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
    names.join(", ")
}

/// Returns the help of the option that drives an end, with the runtimes that there are.
pub(super) fn runtimes(end: &str) -> String {
    format!(
        "Drive the {end} with raw system calls (native), or with another language's sockets: {}",
        names::<Runtime>()
    )
}

/// Reads the size of a screen: 120x40.
pub(super) fn screen_size(text: &str) -> Result<(u16, u16), String> {
    let read = |number: &str, least: u16, most: u16| {
        let number = number.parse().ok()?;
        (least..=most).contains(&number).then_some(number)
    };
    let sides = text.split_once(['x', 'X']);
    let size = sides.and_then(|(columns, rows)| {
        Some((
            read(columns, LEAST_SCREEN.0, MOST_SCREEN.0)?,
            read(rows, LEAST_SCREEN.1, MOST_SCREEN.1)?,
        ))
    });
    size.ok_or_else(|| {
        format!(
            "it must be columns and rows like 120x40, from {}x{} to {}x{}",
            LEAST_SCREEN.0, LEAST_SCREEN.1, MOST_SCREEN.0, MOST_SCREEN.1
        )
    })
}

/// The least screen that has something to show.
const LEAST_SCREEN: (u16, u16) = (40, 10);
/// The largest whose cells are drawn.
const MOST_SCREEN: (u16, u16) = (400, 200);

/// Reads the name of a theme that comes with the program.
pub(super) fn builtin_theme(text: &str) -> Result<ThemeName, String> {
    let known = ThemeName::BUILTIN
        .contains(&text)
        .then(|| ThemeName::new(text))
        .flatten();
    known.ok_or_else(|| format!("it must be one of {}", ThemeName::BUILTIN.join(", ")))
}
