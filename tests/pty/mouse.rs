//! By mouse alone, as a class does it: half-close and full close, why a write failed, a SYN in the air, what a state means.

use finwait::side::Side::{Client, Server};
use std::collections::BTreeSet;

use super::*;

/// Both labs of the lesson, by hand: after a half-close the other direction lives, after a full close its bytes are answered with RST.
#[test]
fn a_half_close_and_then_a_full_close() {
    let mut terminal = connected("isolated");
    terminal.press(Client, "h shut wr");
    terminal.see_state(Client, "FIN_WAIT2");
    terminal.see_state(Server, "CLOSE_WAIT");
    terminal.see_at(Client, "closed first");
    terminal.see_at(Server, "was told");
    terminal.press(Server, "w write");
    terminal.see_at(Server, ", 5) = 5");
    terminal.press(Client, "r read");
    terminal.see_at(Client, "= 5");
    terminal.press(Server, "x close");
    terminal.see_state(Client, "TIME_WAIT");
    terminal.press(Place::Screen, "+ new lab");
    terminal.click_the("[new lab]");
    terminal.see("this is a new lab");
    terminal.see_state(Client, "no");
    terminal.see_both_up();
    let mut terminal = connects(terminal);
    terminal.press(Client, "x close");
    terminal.see_state(Client, "FIN_WAIT2");
    terminal.see_at(Client, "No call reaches it: no descriptor is open.");
    terminal.see_state(Server, "CLOSE_WAIT");
    terminal.press(Server, "w write");
    terminal.see("reset by client");
    terminal.press(Server, "w write");
    terminal.see_at(Server, "= -1 EPIPE");
}

/// The plate keeps the error, *now* has its reason, and the button beside it the whole chain.
#[test]
fn why_a_write_gave_epipe() {
    let mut terminal = connected("isolated");
    terminal.press(Client, "h shut wr");
    terminal.see_state(Client, "FIN_WAIT2");
    terminal.press(Client, "w write");
    terminal.see_at(Client, "= -1 EPIPE");
    terminal.see(" errno 32: Broken pipe");
    terminal.see(" why ");
    terminal.press(Place::Now, "! why?");
    terminal.see("why?   (Esc closes)");
    terminal.see("decided");
    terminal.see("This end has sent FIN");
}

/// A SYN is held and delivered, and both ends close at once: each FIN crosses the other, and both are in CLOSING.
#[test]
fn from_a_held_syn_to_both_ends_in_closing_in_at_most_14_presses() {
    let mut terminal = started("isolated");
    let mut presses = 0;
    let mut press = |terminal: &mut Terminal, place: Place, words: &str| {
        presses += 1;
        terminal.press(place, words);
    };
    let held = |what: &str| {
        let what = format!(" {what} ");
        move |lines: &[String]| {
            lines
                .iter()
                .any(|line| line.contains(&what) && line.contains(theme::HELD))
        }
    };
    press(&mut terminal, Place::Screen, "step");
    terminal.see(" STEP ");
    press(&mut terminal, Server.into(), "l listen");
    terminal.see_state(Server, "LISTEN");
    press(&mut terminal, Client.into(), "c connect");
    terminal.wait("the SYN in the air", held("SYN seq 0"));
    terminal.see_state(Client, "SYN_SENT");
    press(&mut terminal, Place::Wire, "n deliver");
    terminal.wait("the SYN,ACK", held("SYN,ACK seq 0 ack 1"));
    press(&mut terminal, Place::Wire, "n deliver");
    terminal.wait("the ACK", held("ACK seq 1 ack 1"));
    press(&mut terminal, Place::Wire, "n deliver");
    terminal.see_state(Client, "ESTABLISHED");
    press(&mut terminal, Server.into(), "a accept");
    terminal.see_state(Server, "ESTABLISHED");
    press(&mut terminal, Client.into(), "h shut wr");
    terminal.see_state(Client, "FIN_WAIT1");
    press(&mut terminal, Server.into(), "h shut wr");
    terminal.see_state(Server, "FIN_WAIT1");
    press(&mut terminal, Place::Wire, "n deliver");
    terminal.see_state(Server, "CLOSING");
    press(&mut terminal, Place::Wire, "n deliver");
    terminal.see_state(Client, "CLOSING");
    terminal.see_state(Server, "CLOSING");
    assert_eq!(presses, 11);
}

/// What is proposed is pressed where it is proposed, and comes.
#[test]
fn what_is_proposed_to_try_is_pressed() {
    let mut terminal = started("isolated");
    terminal.see("2 l listen  \u{25b8} LISTEN: a client can connect");
    terminal.press(Place::Now, "2 l listen");
    terminal.see_state(Server, "LISTEN");
    terminal.press(Place::Now, "1 c connect");
    terminal.see_state(Client, "ESTABLISHED");
    terminal.press(Place::Now, "2 a accept");
    terminal.see_state(Server, "ESTABLISHED");
    terminal.press(Place::Now, "2 w write");
    terminal.see("SERVER  write(4, \"hello\", 5) = 5");
    terminal.press(Place::Now, "1 r read");
    terminal.see("CLIENT  read(3, \"hello\", 1024) = 5");
}

/// The column of the mark of what travels, or is held, on the row of the newest data.
fn mark(terminal: &Terminal) -> Option<usize> {
    let (lines, wire) = (terminal.lines(), terminal.map().wire);
    let rows = &lines[wire.y.into()..wire.bottom().into()];
    let row = rows.iter().rev().find(|line| line.contains(" len 5 "))?;
    row.chars().position(|c| theme::HELD.contains(c))
}

/// From flow to slow: a segment takes its time, and its mark goes along; from slow to step: it stays until it is delivered.
///
/// The hosts shake hands on the slow wire and so know how long it takes: a connection of before would send everything again (an RTO of
/// 200 ms).
#[test]
fn the_modes_of_the_wire() {
    let mut terminal = started("isolated");
    terminal.see(" FLOW ");
    terminal.press(Place::Screen, "slow");
    terminal.see(" SLOW ");
    let mut terminal = connects(terminal);
    terminal.press(Client, "w write");
    let mut places = BTreeSet::new();
    terminal.until("a segment that goes along", |terminal| {
        places.extend(mark(terminal));
        places.len() > 1
    });
    terminal.see("5 B not read yet");
    // What is still under way, as the ACK, arrives at once.
    terminal.press(Place::Screen, "flow");
    terminal.see(" FLOW ");
    let between = usize::from(terminal.map().wire.y);
    terminal.wait("nothing between the ends", |lines| {
        !lines[..between].join("").contains(theme::HELD)
    });
    terminal.press(Place::Screen, "step");
    terminal.see(" STEP ");
    terminal.press(Server, "w write");
    terminal.wait("a segment that is held", |lines| {
        lines
            .iter()
            .any(|line| line.contains(" len 5 ") && line.contains("[deliver]"))
    });
    terminal.press(Place::Wire, "n deliver");
    // The peer's ACK is held in its place.
    terminal.see(" ACK seq 6 ack 6 ");
    terminal.press(Place::Screen, "flow");
    terminal.see(" FLOW ");
    terminal.until("nothing on the wire", |terminal| {
        !terminal.lines().join("").contains("[deliver]")
    });
}

#[test]
fn the_menu_has_every_button() {
    for (cols, rows) in [(120, 40), (80, 24), (60, 15)] {
        let mut terminal = Terminal::start(cols, rows, &["--lab", "isolated"]);
        terminal.see_both_up();
        let more = if cols == 60 { "m" } else { "m more" };
        terminal.press(Client, more);
        terminal.see("everything the client can do");
        terminal.click_the("connect to the server");
        terminal.see("-1 ECONNREFUSED");
        assert!(!terminal.lines().join("\n").contains("everything the client"));
    }
}

/// Wherever a state stands, it says what it means: on the plate, beside the diagram, in the diagram of states, in the log.
#[test]
fn every_state_says_what_it_means() {
    let mut terminal = connected("isolated");
    let closes = |terminal: &mut Terminal, title: &str| {
        terminal.see(title);
        // Beside the dialog.
        terminal.keys("\x1b[<0;2;2M\x1b[<0;2;2m");
        terminal.wait("the dialog to be gone", |lines| !lines.join("\n").contains(title));
    };
    terminal.click(" ESTABLISHED ", Half::Right);
    closes(&mut terminal, "ESTABLISHED of the server");
    terminal.click(" SYN_SENT ", Half::Left);
    closes(&mut terminal, "what SYN_SENT means");
    terminal.press(Place::Screen, "v states");
    terminal.click("LAST_ACK", Half::Both);
    closes(&mut terminal, "what LAST_ACK means");
    terminal.press(Place::Screen, "v states");
    for filter in ["all", "calls", "segments"] {
        terminal.click(&format!(" / filter: {filter} "), Half::Left);
    }
    terminal.see(" / filter: states ");
    // A press selects the line, another looks into it.
    terminal.click("SYN_RECV -> ESTABLISHED", Half::Both);
    terminal.click("SYN_RECV -> ESTABLISHED", Half::Both);
    closes(&mut terminal, "what ESTABLISHED means");
}

/// A zoomed pane leaves the buttons where they are, and the zoom is left as it was entered.
#[test]
fn the_zoom_keeps_the_buttons() {
    let mut terminal = connected("isolated");
    for (pane, is_it, returned) in [
        ("the wire", " the wire ", "write = 5"),
        ("the details", "10.0.0.1  pid ", "write(3, \"hello\", 5) = 5"),
        ("the log", " log ", "write(3, \"hello\", 5) = 5"),
    ] {
        terminal.press(Place::Screen, "z zoom");
        terminal.wait(pane, |lines| {
            let text = lines.join("\n");
            text.contains(is_it) && !text.contains(" now ")
        });
        terminal.press(Client, "w write");
        terminal.see(returned);
    }
    terminal.press(Place::Screen, "z zoom");
    terminal.see(" now ");
    terminal.see("15 B not read yet");
}

/// What is under the pointer is explained: what it would do here and now.
#[test]
fn the_pointer_explains() {
    let mut terminal = connected("isolated");
    terminal.press(Client, "h shut wr");
    terminal.see_state(Client, "FIN_WAIT2");
    terminal.point_at("r read   w write ", Half::Left);
    terminal.see("In FIN_WAIT2: EPIPE.");
    terminal.point_at("r read   w write ", Half::Right);
    terminal.see("In CLOSE_WAIT: allowed.");
}
