//! A page that replays a run in a browser: one file, without anything that it would fetch.
//!
//! The list of the steps and the diagram are in the page as they are; what both ends are after each step is data, which the script shows.

mod data;
mod list;
mod sha256;

use std::fmt::Write;

use self::sha256::{base64, sha256};
use super::colours::COLOURS;
use super::story::Story;
use super::svg::{self, Drawing, NARROW, Shape, WIDE};
use crate::scenario::catalog;
use crate::side::Side;
use crate::text::{xml_attribute, xml_text};

const TEMPLATE: &str = include_str!("../../../assets/page/page.html");
const STYLE: &str = include_str!("../../../assets/page/page.css");
const SCRIPT: &str = include_str!("../../../assets/page/page.js");

/// The height of the hosts' names above the rows of a drawing.
const TOP: i32 = 48;

/// A link to another page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLink<'a> {
    /// The address, relative to this page.
    pub address: &'a str,
    /// The words.
    pub words: &'a str,
}

/// The pages around a page, where it is one of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageLinks<'a> {
    /// The list of all.
    pub index: Option<PageLink<'a>>,
    /// The page before it.
    pub previous: Option<PageLink<'a>>,
    /// The page after it.
    pub next: Option<PageLink<'a>>,
    /// The title of the scenario, which the page has of the catalog's alone.
    pub title: Option<&'a str>,
}

/// Returns the page of a story.
pub fn write(story: &Story) -> String {
    write_linked(story, &PageLinks::default())
}

/// Returns the same with links to the pages around it.
pub fn write_linked(story: &Story, links: &PageLinks) -> String {
    let wide = svg::draw(story, &story.rows_apart, &WIDE, TOP);
    let narrow = svg::draw(story, &story.rows_apart, &NARROW, TOP);
    let style = colours() + STYLE;
    let hash = |text: &str| format!("'sha256-{}'", base64(&sha256(text)));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(&style)
    );
    let hosts = story.hosts();
    let count = story.moments.len();
    let parts = [
        ("policy", policy),
        ("title", xml_text(&story.title())),
        ("style", style),
        ("links", nav(links)),
        ("heading", xml_text(story.scenario().unwrap_or("A run of finwait"))),
        ("about", about(story, links.title)),
        ("measured", xml_text(&story.measured())),
        ("count", count.to_string()),
        ("client", xml_text(&hosts[Side::Client])),
        ("server", xml_text(&hosts[Side::Server])),
        ("wide", picture(&wide, &WIDE, "wide")),
        ("narrow", picture(&narrow, &NARROW, "narrow")),
        ("steps", list::acts(story)),
        ("origin", origin(story).to_owned()),
        ("data", data::json(story, &wide, &narrow)),
        ("script", SCRIPT.to_owned()),
    ];
    fill(TEMPLATE, &parts)
}

/// Puts each part where the template has its name in braces; what is in a part is left alone.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let mut page = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        page.extend(
            parts
                .iter()
                .filter(|(known, _)| *known == name)
                .map(|(_, part)| part.as_str()),
        );
        rest = after;
    }
    page.push_str(rest);
    page
}

/// The colours of the diagram as properties, which the rest of the page uses, too; on paper those of the light scheme.
fn colours() -> String {
    let scheme = |pick: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        let mut all = String::new();
        for colours in &COLOURS {
            let _ = write!(all, "--{}:{};", colours.0, pick(colours));
        }
        all
    };
    let mut style = format!(
        ":root{{{}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}\n",
        scheme(|colours| colours.1),
        scheme(|colours| colours.2)
    );
    for (class, ..) in &COLOURS {
        let _ = write!(
            style,
            ".picture .{class}{{fill:var(--{class})}}.picture .s-{class}{{stroke:var(--{class})}}"
        );
        let _ = writeln!(
            style,
            ".chip.{class}{{background:var(--{class})}}.is-{class}{{color:var(--{class})}}"
        );
    }
    style
}

/// A drawing with the band that shows the moment, and the veil over what comes after it.
fn picture(drawing: &Drawing, shape: &Shape, class: &str) -> String {
    let (width, height) = (shape.width, drawing.height);
    format!(
        "<svg class=\"picture {class}\" viewBox=\"0 0 {width} {height}\" aria-hidden=\"true\"><rect class=\"band\" width=\"{width}\" height=\"0\"/>\n{}<rect class=\"veil\" width=\"{width}\" y=\"{}\" height=\"0\"/></svg>",
        drawing.elements, drawing.bottom
    )
}

/// What the scenario shows, and what the run had not.
fn about(story: &Story, title: Option<&str>) -> String {
    let mut about = String::new();
    let of_catalog = || Some(catalog::entry(story.scenario()?)?.title);
    if let Some(title) = title.or_else(of_catalog) {
        let _ = write!(about, "<p class=\"about\">{}</p>", xml_text(title));
    }
    if !story.has_wire() {
        about.push_str("<p class=\"about\">The loopback lab has no wire: no segments were seen.</p>");
    }
    if story.entries_left_out > 0 {
        let _ = write!(
            about,
            "<p class=\"about\">The first {} lines of the run are not kept.</p>",
            story.entries_left_out
        );
    }
    about
}

/// Says where the states come from.
const fn origin(story: &Story) -> &'static str {
    if story.header.lab.capture.is_some() {
        "This is a capture: states are those that its segments imply, and no kernel was asked."
    } else {
        "Nothing here is simulated: states and queues are what the kernel's tables said when they were read, and calls show what they returned."
    }
}

fn nav(links: &PageLinks) -> String {
    let all = [("prev", links.previous), ("index", links.index), ("next", links.next)];
    let mut nav = String::new();
    for (rel, link) in all {
        if let Some(PageLink { address, words }) = link {
            let (address, words) = (xml_attribute(address), xml_text(words));
            let _ = write!(nav, "<a rel=\"{rel}\" class=\"{rel}\" href=\"{address}\">{words}</a>");
        }
    }
    if nav.is_empty() {
        nav
    } else {
        format!("<nav aria-label=\"Other runs\">{nav}</nav>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_place_in_a_part_is_text() {
        let parts = [("a", "{{b}}".to_owned()), ("b", "no".to_owned())];
        assert_eq!(fill("<{{a}}|{{b}}>", &parts), "<{{b}}|no>");
    }

    /// The relative luminance of a colour (WCAG 2.2).
    fn luminance(colour: [f64; 3]) -> f64 {
        let [red, green, blue] = colour.map(|part| match part / 255.0 {
            part if part <= 0.040_45 => part / 12.92,
            part => ((part + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn what_is_yet_to_come_can_be_read() {
        let of = |hex: &str| [1, 3, 5].map(|at| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()));
        let mut veils = STYLE.split("--veil:").skip(1).filter_map(|rest| rest.split(';').next());
        let light: fn(&(&str, &'static str, &'static str)) -> &'static str = |colours| colours.1;
        for pick in [light, |colours| colours.2] {
            let veil: f64 = veils.next().unwrap().parse().unwrap();
            let ground = of(pick(&COLOURS[0]));
            for colours in &COLOURS[1..] {
                let own = of(pick(colours));
                let veiled = [0, 1, 2].map(|part| own[part] * (1.0 - veil) + ground[part] * veil);
                let (one, other) = (luminance(veiled), luminance(ground));
                let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
                assert!(contrast >= 4.5, "{} has {contrast:.2} behind the veil", pick(colours));
            }
        }
    }
}
