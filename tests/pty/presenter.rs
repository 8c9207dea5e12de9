//! The presenter, and the tabs of connections, by mouse.

use finwait::side::Side;

use super::started;
use super::terminal::{Half, Place};

#[test]
fn the_presenter_has_the_whole_screen_and_gives_it_back() {
    let mut terminal = started("isolated");
    terminal.press(Side::Server, "l listen");
    terminal.see_state(Side::Server, "LISTEN");
    terminal.press(Side::Client, "c connect");
    terminal.see_state(Side::Client, "ESTABLISHED");
    terminal.press(Place::Now, "P present");
    terminal.wait("large letters, and no buttons but its own", |lines| {
        let text = lines.join("\n");
        text.contains('█') && text.contains("a connection waits for accept") && !text.contains("h shut wr")
    });
    // All keys work as ever.
    terminal.keys("1x");
    terminal.wait("the last segments without numbers", |lines| {
        lines.iter().any(|line| line.contains(" FIN ") && line.contains('━'))
    });
    terminal.press(Place::Screen, "P present");
    terminal.see("h shut wr");
    terminal.see_state(Side::Client, "FIN_WAIT2");
}

#[test]
fn a_tab_shows_its_connection_and_a_new_one_is_shown_when_it_comes() {
    let mut terminal = started("isolated");
    for (keys, state) in [("2l", "LISTEN"), ("1c2a", "ESTABLISHED")] {
        terminal.keys(keys);
        terminal.see_state(Side::Server, state);
    }
    terminal.keys("1c2a");
    terminal.see(" all  1  2 ");
    terminal.press(Place::Wire, "1");
    terminal.see("connection 1 of 2: client and server");
    terminal.see(" connection 1 ");
    // Another socket of one end, and its connection's other end with it.
    terminal.click(" client2 \u{2500}", Half::Left);
    terminal.see(" connection 2 ");
    terminal.press(Side::Client, "c connect");
    terminal.see("connection 3 is new, and shown");
}
