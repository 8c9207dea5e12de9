//! The screen, drawn without a terminal from a lab that is played: snapshots to look at, and what must hold at every size.

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use ratatui::style::Color;
use std::num::NonZeroU16;
use std::time::Duration;

use finwait::call::{Bytes, CallKind, SocketOption};
use finwait::clock::Millis;
use finwait::command::wire::{Preset, Target, WireCommand};
use finwait::command::{ScreenCommand, ThemeName, table};
use finwait::explain::moves::Act;
use finwait::lab::event::{
    Disposition, LabEvent, LabRequest, PacketRecord, ProcessBorn, ProcessDied, WireChange, WireRequest,
};
use finwait::outcome::{Outcome, Value};
use finwait::recording::capture::Kept;
use finwait::session::transcript::EntryKind;
use finwait::session::{LabFacts, LabKind};
use finwait::side::{Ends, Side};
use finwait::state::State;
use finwait::tui::app::{App, Effect};
use finwait::tui::dialog::state::SocketIdentity;
use finwait::tui::hint::hint;
use finwait::tui::hit::{Action, Hit};
use finwait::tui::keys::Keymap;
use finwait::tui::theme::Theme;
use finwait::wire::flow::{FlowInfo, PacketNo};
use finwait::wire::link::{Link, LinkCounts, LinkEffect, LinkReport, Loss, OptionSet, Share};
use finwait::wire::queue::{Mode, Origin, SLOW, Which};
use finwait::wire::rule::{PacketKind, Rule, RuleNo, RuleStatus, Verdict};
use finwait::wire::segment::{Flags, Packet, Segment, SeqNo};

use finwait_capture::flow::{Limits, Table};
use finwait_capture::reader::Reader;

mod meaning;
mod script;
use script::{Script, facts, fallback, row};

fn draw(script: &mut Script, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| script.app.draw(frame, script.now)).unwrap();
    terminal
}

fn text_of(script: &mut Script, width: u16, height: u16) -> String {
    let terminal = draw(script, width, height);
    let buffer = terminal.backend().buffer();
    let rows: Vec<String> = (0..height)
        .map(|y| {
            let row: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
            row.trim_end().to_owned()
        })
        .collect();
    rows.join("\n")
}

/// One snapshot of each size.
fn snapshots(name: &str, make: impl Fn() -> Script) {
    for (width, height) in [(80, 24), (120, 40), (200, 60), (60, 15)] {
        insta::assert_snapshot!(format!("{name}-{width}x{height}"), text_of(&mut make(), width, height));
        meaning::says_the_same_without_colour(&format!("{name}-{width}x{height}"), &mut make(), width, height);
    }
}

/// A link in force: the header says so, and the log what it did.
fn with_a_link() -> Script {
    let mut script = Script::connected(LabKind::Isolated);
    let link = Link {
        delay: Millis(40),
        loss: Share::percent(1),
        ..Link::default()
    };
    let report = Some(LinkReport {
        link,
        counts: LinkCounts::default(),
    });
    let reports = Ends {
        client: report,
        server: report,
    };
    script.tell(LabEvent::Wire(WireChange::Link(reports)));
    let segment = |data: &str| {
        Packet::Tcp(Segment {
            source: "10.0.0.1:41822".parse().unwrap(),
            destination: "10.0.0.2:8080".parse().unwrap(),
            flags: Flags(24),
            seq: SeqNo(1001),
            ack: SeqNo(1001),
            window: 64240,
            urgent: 0,
            options: Vec::new(),
            len: data.len(),
            payload: Bytes(data.as_bytes().to_vec()),
        })
    };
    let question = Packet::Udp {
        source: "10.0.0.1:4000".parse().unwrap(),
        destination: "10.0.0.2:53".parse().unwrap(),
        len: 29,
        dns: Some("DNS query example.org A".into()),
    };
    let share = Share::percent(1);
    for (no, packet, disposition, link) in [
        (
            50,
            segment("lost"),
            Disposition::Dropped,
            LinkEffect::Lost(Loss::Chance(share)),
        ),
        (
            51,
            segment("changed"),
            Disposition::Corrupted,
            LinkEffect::Corrupted(share),
        ),
        (52, question, Disposition::Delivered, LinkEffect::Delayed),
    ] {
        let is_segment = matches!(packet, Packet::Tcp(_));
        script.wait(20).becomes(PacketRecord {
            no: PacketNo(no),
            from: Side::Client,
            packet,
            segment_size: None,
            seen: FlowInfo {
                seq: is_segment.then_some(1),
                ack: is_segment.then_some(1),
                ..FlowInfo::default()
            },
            origin: Origin::Host,
            disposition,
            rule: None,
            link: Some(link),
            stripped: OptionSet::NONE,
            waited: None,
            raw: None,
        });
    }
    script
}

#[test]
fn a_link_and_what_it_did() {
    snapshots("link", with_a_link);
}

#[test]
fn an_empty_start() {
    snapshots("start", || Script::new(LabKind::Isolated));
}

#[test]
fn the_middle_of_a_half_close() {
    snapshots("half-close", Script::half_close);
}

/// A capture that finwait opens: its first connection.
fn captured() -> Script {
    let text = "1.0 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [S], seq 100, win 500, length 0\n\
        1.1 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [S.], seq 900, ack 101, win 500, length 0\n\
        1.2 IP 10.0.0.1.1000 > 10.0.0.2.80: Flags [.], ack 901, win 500, length 0\n\
        2.0 IP 10.0.0.2.80 > 10.0.0.1.1000: Flags [F.], seq 901, ack 101, win 500, length 0\n";
    let mut reader = Reader::new(text.as_bytes()).unwrap();
    let mut table = Table::new(Limits::default());
    let mut kept = Kept::new(200);
    while let Some(packet) = reader.packet().unwrap() {
        kept.add(packet.clone(), table.packet(&packet).unwrap());
    }
    let mut script = Script::connected(LabKind::Isolated);
    script.app = App::open(kept.recording("a.pcap", 1).unwrap(), Theme::COLOURED);
    script
}

/// There is nothing to call in a capture: no button says that there is, on any screen, and neither does the menu.
#[test]
fn a_capture_has_no_button_of_a_call_or_of_the_wire() {
    for (width, height) in [(80, 24), (120, 40), (200, 60), (60, 15)] {
        let mut script = captured();
        let text = text_of(&mut script, width, height);
        if height > 15 {
            assert!(
                text.contains("read-only: in a capture there is nothing to call"),
                "{text}"
            );
        }
        let acts = |action: &Action| matches!(action, Action::End(..) | Action::Wire(_));
        let found: Vec<_> = script.app.hits().all().iter().filter(|hit| acts(&hit.action)).collect();
        assert!(found.is_empty(), "{width}x{height}: {found:?}\n{text}");
    }
    let mut script = captured();
    let more = table::of_screen(ScreenCommand::More).buttons[0].key;
    script.keys(&more.to_string());
    let menu = text_of(&mut script, 120, 60);
    assert!(
        menu.contains("what can be done with a capture") && menu.contains("zoom"),
        "{menu}"
    );
    assert!(
        !menu.contains("connect:") && !menu.contains("your own programs"),
        "{menu}"
    );
    insta::assert_snapshot!("captured-120x40", text_of(&mut captured(), 120, 40));
    insta::assert_snapshot!("captured-80x24", text_of(&mut captured(), 80, 24));
}

/// The same half-close from its recording, two things told before its end.
#[test]
fn a_recording_of_a_half_close() {
    snapshots("recording", || {
        let mut script = Script::half_close().opened();
        script.keys(",,");
        script
    });
}

/// What was shown of both ends, the wire and the log is shown again.
#[test]
fn a_recording_shows_at_its_end_what_the_screen_showed() {
    for make in [
        Script::half_close,
        Script::reset,
        Script::blocked,
        Script::stepping,
        Script::dead,
    ] {
        // The time of a recording's end is that of the last event.
        let ended = || {
            let mut script = make();
            script.tell(LabEvent::Quiet);
            script
        };
        let (mut was, mut is) = (ended(), ended().opened());
        // Zoomed, a pane has the same room with the recording's line as without, but for that line.
        for zoom in ["z", "zz", "zzz"] {
            was.keys(zoom);
            is.keys(zoom);
            let (was_shown, is_shown) = (text_of(&mut was, 120, 40), text_of(&mut is, 120, 41));
            let body =
                |text: &str, skip: usize| text.lines().skip(skip).take(38).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(body(&was_shown, 1), body(&is_shown, 2), "{zoom}");
            was.keys("\u{1b}");
            is.keys("\u{1b}");
        }
    }
}

/// The chain behind an ECONNRESET: the call, the state, the RST that set it, the rule, and what other languages say.
#[test]
fn why_a_read_was_reset() {
    snapshots("why", || {
        let mut script = Script::reset();
        script.keys("!");
        script
    });
}

/// A call that waits is explained, too, by the key and by a click on its line: what for, and what would end it.
#[test]
fn why_a_read_waits() {
    for by_click in [false, true] {
        let mut script = Script::blocked();
        script.keys("1");
        draw(&mut script, 120, 40);
        if by_click {
            let is_it = |hit: &&Hit| matches!(hit.action, Action::Why(_)) && hit.area.width > 10;
            let hit = script.app.hits().all().iter().find(is_it).unwrap().clone();
            let effects = click(&mut script, hit.area.x + 2, hit.area.y);
            script.take(effects);
        } else {
            script.keys("!");
        }
        let text = text_of(&mut script, 120, 40);
        for part in [
            "has not returned",
            "awaits   bytes or the end of the stream",
            "ended by data; the peer's FIN",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

/// Each link leads to its line in the log: the third is the segment that set the error.
#[test]
fn a_link_of_the_chain_leads_to_its_line() {
    for (link, text) in [
        (0, "read(5, ..., 1024)"),
        (1, "SYN_SENT -> ESTABLISHED"),
        (2, "RST,ACK seq 1"),
    ] {
        let mut script = Script::reset();
        script.keys("!");
        draw(&mut script, 120, 40);
        let hit = script
            .app
            .hits()
            .all()
            .iter()
            .find(|hit| hit.action == Action::Item(link))
            .unwrap()
            .clone();
        let effects = click(&mut script, hit.area.x + 1, hit.area.y);
        script.take(effects);
        // The dialog is gone, and the line is what would be copied.
        assert!(!text_of(&mut script, 120, 40).contains("why?   (Esc"));
        match press(&mut script, 'y').as_slice() {
            [Effect::Copy(line)] => assert!(line.contains(text), "{link}: {line}"),
            other => panic!("{other:?}"),
        }
    }
}

/// The socket's state, pressed: what it means.
fn press_on_state(script: &mut Script, side: Side) {
    draw(script, 120, 40);
    let is_it = |hit: &&Hit| matches!(&hit.action, Action::Meaning(of, SocketIdentity::Named(name)) if *of == side && !name.as_str().contains("listener"));
    let hit = script
        .app
        .hits()
        .all()
        .iter()
        .find(is_it)
        .expect("a state to press on")
        .clone();
    let effects = click(script, hit.area.x + 1, hit.area.y);
    script.take(effects);
}

/// What the dialog says, in one line.
fn said(script: &mut Script) -> String {
    let text = text_of(script, 120, 40);
    let inside = text.lines().filter_map(|line| {
        let mut parts = line.split('\u{2502}');
        (parts.clone().count() >= 3).then(|| parts.nth(1).unwrap_or_default().to_owned())
    });
    let words = inside.collect::<Vec<_>>().join(" ") + &text;
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A press on a state says what it means, of that end's socket; and says something else when that has changed, without being asked.
#[test]
fn a_press_on_a_state_says_what_it_means_now() {
    let mut script = Script::half_close();
    press_on_state(&mut script, Side::Server);
    let text = said(&mut script);
    assert!(text.contains("CLOSE_WAIT of the server (Esc closes)"), "{text}");
    for part in [
        "means The peer has closed its direction",
        "can A write is taken",
        "scenario half-close",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    script.keys("\u{1b}");
    assert!(!text_of(&mut script, 120, 40).contains("(Esc closes)"));

    press_on_state(&mut script, Side::Client);
    let text = said(&mut script);
    assert!(text.contains("FIN_WAIT2 of the client (Esc closes)"), "{text}");
    assert!(text.contains("also 6 B have come and are not read"), "{text}");
    script.table(Side::Client, vec![row(Side::Client, State::TimeWait, 0)]);
    let text = said(&mut script);
    assert!(text.contains("TIME_WAIT of the client (Esc closes)"), "{text}");
    assert!(text.contains("waits for The end of 60 s"), "{text}");
    assert!(
        text.contains("also 6 B have come and are not read: they wait"),
        "{text}"
    );
}

/// A socket that a library makes, and has not told of, is held by a program: it is no orphan.
#[test]
fn the_state_of_what_a_library_has_not_told_of_is_said() {
    let mut script = Script::half_close();
    script.keys("1");
    let untold = row(Side::Client, State::SynSent, 77);
    script.table(Side::Client, vec![untold]);
    let session = script.app.session();
    let views = session.sockets(Side::Client);
    let view = views
        .iter()
        .find(|view| view.row.is_some_and(|observed| observed.row.inode == 77));
    let meaning = session.meaning(Side::Client, view.unwrap()).unwrap();
    assert_eq!(meaning.id.name(), "syn-sent");
    assert!(meaning.beside[0].contains("has not told of"), "{meaning:?}");
}

/// After a half-close the plates, the directions and *now* say who may still speak, and who waits for whom.
#[test]
fn after_a_half_close_it_is_said_who_may_still_speak() {
    let script = Script::half_close();
    let (session, now) = (script.app.session(), script.now);
    let plates = Side::BOTH.map(|side| session.plate(side, now));
    let said: Vec<_> = plates
        .iter()
        .map(|plate| {
            [
                plate.role.to_string(),
                plate.means.short.clone(),
                plate.can.short.clone(),
                plate.waits.short.clone(),
                plate.brief.clone(),
            ]
        })
        .collect();
    assert_eq!(
        said,
        [
            [
                "closed first",
                "Its FIN was acked; the peer may send.",
                "Can READ 6 B. A write gives EPIPE.",
                "the peer's FIN",
                "can read; a write gives EPIPE",
            ],
            [
                "was told",
                "The peer sent FIN; this end has not.",
                "Can still WRITE. A read gives EOF.",
                "this program to close",
                "can write; a read gives EOF",
            ],
        ]
    );
    let directions = session.directions(now).unwrap();
    assert_eq!(directions.from.client.line(), "closed by client, acked");
    assert_eq!(directions.from.server.line(), "open, 6 B not read yet");
    let lines = session.now_lines(now);
    let what = lines.what.unwrap();
    assert!(what.cuts[0].starts_with("write(5, \"hello\\n\", 6) = 6"), "{what:?}");
    assert_eq!((what.side, what.failed), (Some(Side::Server), false));
    assert_eq!(
        lines.so,
        [
            "6 B have come to the client, and wait until it reads.",
            "One direction is closed: the server may write as long as it likes, and the client waits for it to close.",
        ]
    );
}

/// What has come stays with the descriptor when its connection is over: in TIME_WAIT, whose own row has no queue, and after RST.
#[test]
fn what_was_not_read_is_told_of_when_the_connection_is_over() {
    let said = |script: &Script| {
        let (session, now) = (script.app.session(), script.now);
        let moves = session.moves(Side::Client, now).into_iter();
        let read = moves.filter(|offered| matches!(offered.act, Act::Read(_)));
        let plate = session.plate(Side::Client, now);
        let load = session.directions(now).unwrap().from.server.load;
        let reads: Vec<String> = read.map(|read| read.text).collect();
        (plate.can.short, load, reads, session.now_lines(now).so[0].clone())
    };
    let mut script = Script::half_close();
    script.server_closes();
    let (can, load, reads, so) = said(&script);
    assert_eq!(can, "Can READ 6 B, then EOF.");
    assert_eq!(load.as_deref(), Some("6 B not read yet"));
    assert_eq!(reads, ["\"hello\\n\""]);
    assert_eq!(so, "6 B have come to the client, and wait until it reads.");
    let text = text_of(&mut script, 120, 40);
    assert!(!text.contains("rx 0"), "{text}");

    script.run("client read");
    let read = |data: &str| {
        Outcome::Ok(Value::Read {
            n: data.len(),
            data: Bytes(data.as_bytes().to_vec()),
        })
    };
    script.call("read(5, \"hello\\n\", 1024)", read("hello\n"), None);
    let (can, load, reads, _) = said(&script);
    assert_eq!(can, "A read gives EOF, a write EPIPE.");
    assert_eq!((load, reads), (None, vec!["0: the end of the stream".to_owned()]));

    let mut script = Script::half_close();
    script.server_resets();
    let (can, _, reads, _) = said(&script);
    assert_eq!(can, "Can READ 6 B, then the error.");
    let (session, now) = (script.app.session(), script.now);
    let pipes = session.directions(now).unwrap().from;
    assert_eq!(
        (pipes.client.words.as_str(), pipes.server.words.as_str()),
        ("closed by client, acked", "reset by server")
    );
    let so = session.now_lines(now).so;
    let said = "The client had closed its direction before; the server's RST has ended the other.";
    assert!(so.iter().any(|so| so == said), "{so:?}");
    assert_eq!(reads, ["\"hello\\n\""]);
}

/// In a half-close the end that may still write is asked to, then the other to read, then the first to close, whoever has the keys.
#[test]
fn a_half_close_is_tried_before_it_is_ended() {
    let mut script = Script::half_close();
    script.run("client read");
    let read = Value::Read {
        n: 6,
        data: Bytes(b"hello\n".to_vec()),
    };
    script.call("read(5, \"hello\\n\", 1024)", Outcome::Ok(read), None);
    script.table(Side::Client, vec![row(Side::Client, State::FinWait2, 200)]);
    // The last call is another one.
    script.run("server so-error");
    script.call("getsockopt(5)", Outcome::Ok(Value::PendingError { error: None }), None);
    for focus in Side::BOTH {
        let moves = script.app.session().moves(focus, script.now);
        let offered: Vec<_> = moves
            .iter()
            .map(|offered| (offered.side, offered.text.as_str()))
            .collect();
        assert_eq!(
            offered,
            [
                (Side::Server, "5 B to the client"),
                (Side::Server, "LAST_ACK, client to TIME_WAIT"),
                // Where there is room for one, it is one that goes on.
                (Side::Client, "waits: nothing has come"),
            ]
        );
    }
}

/// A copy of what has arrived is not said to be held: what matters is the answer, and its delivery comes first.
#[test]
fn a_held_copy_of_what_has_arrived_is_not_told_of() {
    let (mut script, _) = Script::connecting(LabKind::Isolated);
    script.mode(Mode::Step);
    script.packet(Side::Client, 2, 0, 0, "").wait(1_000);
    script.packet(Side::Client, 2, 0, 0, "");
    let mut again = row(Side::Client, State::SynSent, 200);
    again.row.retransmits = 1;
    script.table(Side::Client, vec![again]);
    script.oldest(Disposition::Delivered);
    script.table(
        Side::Server,
        vec![script::listener(0), row(Side::Server, State::SynRecv, 0)],
    );
    script.state(
        Side::Server,
        State::Close,
        State::SynRecv,
        0,
        script.received(Side::Server),
    );
    script.packet(Side::Server, 18, 0, 1, "").wait(500);
    let (session, now) = (script.app.session(), script.now);
    let so = session.now_lines(now).so;
    assert_eq!(
        so[0],
        "The server's SYN,ACK is held on the wire: the client has not seen it."
    );
    assert!(!so.iter().any(|said| said.contains("client's SYN is held")), "{so:?}");
    let pipes = session.directions(now).unwrap().from;
    assert_eq!((pipes.client.segments, pipes.client.load), (0, None));
    assert_eq!(pipes.server.load.as_deref(), Some("SYN,ACK on the wire"));
    for focus in Side::BOTH {
        let first = &session.moves(focus, now)[0];
        let (act, side, text) = (first.act, first.side, first.text.as_str());
        assert_eq!(
            (act, side, text),
            (Act::Deliver, Side::Client, "ESTABLISHED, connect returns")
        );
    }
    let plate = session.plate(Side::Server, now);
    assert_eq!(plate.means.short, "It answered a SYN; the ACK is missing.");
    assert_eq!(
        (plate.brief.as_str(), plate.waits.short.as_str()),
        ("SYN answered; the ACK is missing", "the ACK")
    );
}

/// What is held, and of which no more is sure than that it arrives, can be delivered all the same.
#[test]
fn what_is_held_is_offered_to_be_delivered() {
    let mut script = Script::half_close();
    script.mode(Mode::Step);
    // Its window alone has changed.
    script.packet(Side::Client, 16, 2, 7, "");
    let first = &script.app.session().moves(Side::Server, script.now)[0];
    assert_eq!(
        (first.act, first.text.as_str()),
        (Act::Deliver, "the ACK reaches the server")
    );
}

/// Bytes that are sent again while the first are under way are the same bytes.
#[test]
fn what_is_sent_twice_counts_once() {
    let mut script = Script::half_close();
    script.mode(Mode::Slow(Millis(900)));
    let said = |script: &Script| {
        let (session, now) = (script.app.session(), script.now);
        let pipe = session.directions(now).unwrap().from.server;
        (pipe.flying, pipe.load.unwrap(), session.now_lines(now).so[0].clone())
    };
    script.packet(Side::Server, 24, 7, 2, "again");
    assert_eq!(
        said(&script),
        (
            5,
            "5 B on the wire".into(),
            "5 B are crossing to the client now.".into()
        )
    );
    script.wait(300).packet(Side::Server, 24, 7, 2, "again");
    let twice = said(&script);
    assert_eq!((twice.0, twice.1.as_str()), (5, "5 B on wire, twice"));
    assert_eq!(twice.2, "5 B, sent twice, are crossing to the client now.");
    script.packet(Side::Server, 24, 12, 2, "and on");
    assert_eq!(said(&script).0, 11);
    // The copy of what has arrived is on its way still, and brings nothing.
    script.oldest(Disposition::Delivered);
    assert_eq!(said(&script).1, "6 B on the wire");
}

/// A state is reached by Tab, and opened by Enter.
#[test]
fn the_keys_reach_a_state() {
    let opens = |tabs: usize| {
        let mut script = Script::half_close();
        script.keys("2");
        draw(&mut script, 120, 40);
        for _ in 0..tabs {
            let key = KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE);
            let effects = script.app.input(&Input::Key(key), script.now);
            script.take(effects);
            draw(&mut script, 120, 40);
        }
        script.keys("\n");
        text_of(&mut script, 120, 40).contains("CLOSE_WAIT of the server   (Esc closes)")
    };
    assert!((1..150).any(opens));
}

/// Wherever a state stands, Enter on it says what it means: beside the diagram, in the diagram of states, on a line of the log.
#[test]
fn enter_on_a_state_says_what_it_means() {
    for (first, marked, title) in [
        ("", Action::Means(State::FinWait1), "what FIN_WAIT1 means"),
        ("v", Action::Means(State::LastAck), "what LAST_ACK means"),
        // The last line of the states is the client's.
        ("///", Action::LogLine(None), "what FIN_WAIT2 means"),
    ] {
        let mut script = Script::half_close();
        script.keys(first);
        let hint = hint(&marked, script.app.session(), Side::Client, 118, Keymap::standard());
        let is_marked = (1..150).any(|_| {
            draw(&mut script, 120, 40);
            script.keys("\t");
            text_of(&mut script, 120, 40).ends_with(&hint)
        });
        assert!(is_marked, "{title}: {hint}");
        if marked == Action::LogLine(None) {
            let up = Input::Key(KeyEvent::new(KeyCode::Up, KeyModifiers::NONE));
            script.app.input(&up, script.now);
        }
        script.keys("\n");
        let said = text_of(&mut script, 120, 40);
        assert!(said.contains(title), "{title}: {said}");
    }
}

#[test]
fn the_state_diagram_in_the_middle_of_a_half_close() {
    snapshots("states", || {
        let mut script = Script::half_close();
        script.keys("v");
        script
    });
}

/// Steps down with the room, and never loses a state, a mark, the last edge or the count.
#[test]
fn the_state_diagram_is_whole_at_every_size() {
    use finwait::session::edges::Coverage;
    use finwait::tui::canvas::Canvas;
    use finwait::tui::hit::Hits;
    use ratatui::buffer::Buffer;

    let script = Script::half_close();
    let session = script.app.session();
    let mut coverage = Coverage::default();
    coverage.update(&session.transcript);
    let (mut hits, mut whole) = (Hits::default(), 0);
    // The lowest is what the smallest screen leaves for it.
    let low = (60..=140).flat_map(|width| (5..10).map(move |height| (width, height)));
    let high = (38..=140).flat_map(|width| (10..=50).map(move |height| (width, height)));
    for (width, height) in low.chain(high) {
        let area = Rect::new(2, 1, width, height);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width + 4, height + 2));
        let mut canvas = Canvas::new(&mut buffer, &mut hits, Theme::PLAIN, script.now, None, None);
        finwait::tui::pane::states::draw(&mut canvas, area, session, &coverage);
        let (mut inside, mut outside) = (String::new(), String::new());
        for (at, cell) in buffer.content().iter().enumerate() {
            let (x, y) = buffer.pos_of(at);
            let text = if area.contains((x, y).into()) {
                &mut inside
            } else {
                &mut outside
            };
            text.push_str(cell.symbol());
        }
        let size = format!("{width}x{height}: {inside}");
        assert_eq!(outside.trim(), "", "{size}");
        for state in State::ALL {
            assert!(
                inside.contains(state.name()) || inside.contains(state.short()),
                "{state} {size}"
            );
        }
        let words: Vec<&str> = inside.split_whitespace().collect();
        let said = words.join(" ");
        let last = if height < 10 {
            "client FIN_WAIT1 -> FIN_WAIT2"
        } else {
            "client FIN_WAIT1 -> FIN_WAIT2: rcv ACK of FIN caused by the ACK received"
        };
        assert!(said.contains(last), "{size}");
        assert!(said.contains("8 of 28") || said.contains("8/28"), "{size}");

        let (client, server) = (words.contains(&"C"), words.contains(&"S"));
        assert!(
            client && server || inside.contains("CLIENT") && inside.contains("SERVER"),
            "{size}"
        );
        // A line that leads nowhere would be drawn as this.
        assert!(!inside.contains('+'), "{size}");
        whole += usize::from(inside.contains("timeout 2MSL"));
    }
    assert!(whole > 2_000, "{whole} sizes with labels");
}

#[test]
fn the_zoom_goes_from_pane_to_pane_and_back() {
    for (width, height) in [(80, 24), (120, 40)] {
        let mut script = Script::half_close();
        let mut seen = |keys: &str| {
            script.keys(keys);
            let said = text_of(&mut script, width, height);
            // The buttons stay at hand.
            assert!(said.contains("c connect") && said.contains(" FLOW "), "{keys}: {said}");
            ["the wire ", "10.0.0.1  pid 4711", " log ", " now "].map(|part| said.contains(part))
        };
        // Where it is low, the log is seen only zoomed.
        let all = [true, false, height > 24, true];
        assert_eq!(seen(""), all);
        assert_eq!(seen("z"), [true, false, false, false]);
        assert_eq!(seen("z"), [false, true, false, false]);
        assert_eq!(seen("z"), [false, false, true, false]);
        assert_eq!(seen("z"), all);
        assert_eq!(seen("zz\u{1b}"), all);
    }
}

#[test]
fn the_state_diagram_on_the_whole_screen() {
    snapshots("states-zoomed", || {
        let mut script = Script::half_close();
        script.keys("vz");
        script
    });
}

#[test]
fn a_reset_seen_by_the_one_who_reads() {
    snapshots("reset", || {
        let mut script = Script::reset();
        script.keys("1");
        script
    });
}

#[test]
fn a_blocked_read_and_a_timer_that_runs() {
    snapshots("blocked", || {
        let mut script = Script::blocked();
        script.keys("1");
        script
    });
}

#[test]
fn a_dead_endpoint_and_its_orphan() {
    snapshots("dead", || {
        let mut script = Script::dead();
        script.keys("1");
        script
    });
}

#[test]
fn the_loopback_lab_says_why_and_what_is_lost() {
    snapshots("loopback", || Script::connected(fallback()));
}

/// curl's SYN to nginx is held: whose the sockets are, which programs run, what can be done to them.
#[test]
fn nginx_and_curl_in_the_middle_of_a_handshake() {
    snapshots("programs-handshake", Script::nginx_and_curl);
}

/// curl was reset: its words on stderr, its exit status, its last call, and that the line can be explained.
#[test]
fn a_program_that_was_reset_and_has_ended() {
    snapshots("programs-reset", || {
        let mut script = Script::curl_reset();
        script.keys("1");
        script
    });
}

#[test]
fn several_programs_of_an_end() {
    snapshots("programs-several", || {
        let mut script = Script::several_programs();
        script.keys("1");
        script
    });
}

#[test]
fn all_lines_of_a_program() {
    snapshots("programs-output", || {
        let mut script = Script::curl_reset();
        script.keys("10");
        script
    });
}

/// The chain behind curl's own words: the segment that reset it, the rule, the scenario that proves it.
#[test]
fn why_curl_was_reset() {
    snapshots("programs-why", || {
        let mut script = Script::curl_reset();
        draw(&mut script, 120, 40);
        script.keys("1!");
        script
    });
}

/// Before a lesson runs programs, it says which, where, as whom and with which files; Enter alone leaves them.
#[test]
fn a_lesson_that_runs_programs_asks_first() {
    snapshots("programs-ask", || {
        let mut script = Script::new(LabKind::Isolated);
        script.app.setup().user_name = |_| Some("ann".into());
        let effects = script.app.ask_to_run(script::with_programs(), script.now);
        script.take(effects);
        script
    });
}

#[test]
fn segments_on_the_wire() {
    snapshots("stepping", Script::stepping);
}

#[test]
fn one_packet_looked_into() {
    snapshots("segment", || {
        let mut script = Script::stepping();
        let entry = script.app.session().transcript.entries().iter().find(|entry| {
            matches!(&entry.what, EntryKind::Packet(record) if matches!(&record.packet, Packet::Tcp(segment) if segment.len > 0))
        });
        let no = entry.unwrap().no;
        draw(&mut script, 200, 60);
        let hits = script.app.hits().all();
        // Its departure and arrival are one row, that of the later entry.
        let place = hits
            .iter()
            .find(|hit| matches!(hit.action, Action::Segment(of) if of >= no))
            .unwrap()
            .area;
        click(&mut script, place.x, place.y);
        // The pointer goes away, to where nothing is explained.
        mouse(&mut script, MouseEventKind::Moved, 0, 0);
        script
    });
}

#[test]
fn the_wires_rules() {
    snapshots("rules", || {
        let mut script = Script::stepping();
        let mut hold = RuleStatus::new(
            RuleNo(1),
            Rule {
                from: Some(Side::Server),
                ..Rule::new(Verdict::Hold, PacketKind::Fin)
            },
        );
        (hold.fitted, hold.fired) = (3, 2);
        let mut lose = RuleStatus::new(RuleNo(2), Preset::Lose10.rules()[0]);
        lose.on = false;
        script.tell(LabEvent::Rules(vec![hold, lose]));
        script.keys("W");
        script
    });
}

#[test]
fn packets_to_forge() {
    snapshots("forge", || {
        let mut script = Script::stepping();
        script.keys("f");
        script
    });
}

#[test]
fn keys_act_on_the_chosen_packet_and_a_click_chooses() {
    let mut script = Script::stepping();
    let held: Vec<PacketNo> = script.app.session().wire.held.keys().copied().collect();
    script.asked.clear();
    let asked = |script: &mut Script| match script.asked.pop() {
        Some(LabRequest::Wire(order)) => order,
        other => panic!("{other:?}"),
    };
    script.keys("n");
    assert_eq!(asked(&mut script), WireRequest::Deliver(Which::One(held[0])));
    script.keys(">d");
    assert_eq!(asked(&mut script), WireRequest::Drop(Which::One(held[1])));
    script.keys("N");
    assert_eq!(asked(&mut script), WireRequest::Deliver(Which::All));
    // A click on a packet's own button.
    draw(&mut script, 200, 60);
    let deliver = Action::Wire(WireCommand::Deliver(Target::One(held[0])));
    let hits = script.app.hits().all();
    let place = hits.iter().find(|hit| hit.action == deliver).unwrap().area;
    let effects = click(&mut script, place.x + 1, place.y);
    assert_eq!(
        effects,
        [Effect::Lab(LabRequest::Wire(WireRequest::Deliver(Which::One(held[0]))))]
    );
    // The oldest is meant again when the chosen one is gone.
    script.keys("<");
    let entries = script.app.session().wire.held.len();
    script.oldest(Disposition::Delivered);
    assert_eq!(script.app.session().wire.held.len(), entries - 1);
    script.keys("n");
    assert_eq!(asked(&mut script), WireRequest::Deliver(Which::One(held[1])));
}

/// The segments' rows in the diagram: the numbers of their entries.
fn arrows(script: &mut Script) -> Vec<u64> {
    draw(script, 200, 60);
    let hits = script.app.hits().all().iter();
    let entries = hits.filter_map(|hit| match hit.action {
        Action::Segment(entry) => Some(entry),
        _ => None,
    });
    entries.collect()
}

/// The lines of the whole screen that have that text.
fn lines_with(script: &mut Script, text: &str) -> usize {
    let screen = text_of(script, 200, 60);
    screen.lines().filter(|line| line.contains(text)).count()
}

#[test]
fn a_segment_that_travels_has_one_row_in_the_diagram_and_one_in_the_log() {
    let mut script = Script::connected(LabKind::Isolated);
    script.mode(Mode::Slow(SLOW)).wait(10);
    let before = arrows(&mut script).len();
    script.packet(Side::Client, 24, 1, 1, "hello").wait(100);
    assert_eq!(arrows(&mut script).len(), before + 1);
    assert_eq!(
        lines_with(&mut script, "\"hello\""),
        1,
        "the log waits until it is there"
    );
    script.wait(300).oldest(Disposition::Delivered);
    assert_eq!(arrows(&mut script).len(), before + 1);
    // In the diagram, in the log, and as what happened now.
    assert_eq!(lines_with(&mut script, "\"hello\""), 3);
    assert_eq!(lines_with(&mut script, "delivered after 400 ms on the wire"), 2);
}

#[test]
fn copies_that_are_discarded_leave_the_row_of_their_segment() {
    let mut script = Script::connected(LabKind::Isolated);
    script.mode(Mode::Step).wait(10);
    let before = arrows(&mut script).len();
    for _ in 0..3 {
        script.packet(Side::Client, 17, 1, 1, "").wait(300);
    }
    assert_eq!(arrows(&mut script).len(), before + 1);
    assert_eq!(lines_with(&mut script, "sent 3 times"), 1);
    let held = script.app.session().wire.held.values();
    let copies: Vec<_> = held.skip(1).map(|held| held.record.clone()).collect();
    for copy in copies {
        script.becomes(PacketRecord {
            disposition: Disposition::Discarded,
            waited: Some(Duration::from_millis(300)),
            ..copy
        });
    }
    script.oldest(Disposition::Delivered);
    assert_eq!(arrows(&mut script).len(), before + 1);
    assert_eq!(lines_with(&mut script, "sent 3 times"), 0);
}

/// With `--offload` the header says that there are super-segments, and the diagram and the log what one of them stands for.
#[test]
fn a_super_segment_says_how_it_is_cut() {
    let lab = LabFacts {
        offload: true,
        ..facts(LabKind::Isolated)
    };
    let mut script = Script::in_lab(lab);
    assert_eq!(lines_with(&mut script, "isolated lab with offload"), 1);
    script.packet(Side::Client, 24, 1, 1, &"x".repeat(60));
    assert_eq!(lines_with(&mut script, "segments of"), 0);
    let last = script
        .app
        .session()
        .transcript
        .entries()
        .back()
        .map(|entry| &entry.what);
    let Some(EntryKind::Packet(record)) = last else {
        panic!("{last:?}")
    };
    let whole = PacketRecord {
        segment_size: NonZeroU16::new(20),
        ..record.clone()
    };
    script.becomes(whole.clone());
    // In the diagram and in the log.
    assert_eq!(lines_with(&mut script, "len 60 (3 segments of 20)"), 2);
    script.becomes(PacketRecord {
        segment_size: NonZeroU16::new(16),
        ..whole
    });
    assert!(
        lines_with(&mut script, "(4 segments of up to 16)") > 0,
        "the last is shorter"
    );
}

/// The frames that are drawn by `until` because something travels, when each is drawn as soon as it may be.
fn frames(script: &Script, until: u64) -> u32 {
    let end = script.now.plus(Duration::from_millis(until));
    let (mut drawn, mut frames) = (script.now, 0);
    while let Some(at) = script.app.next_frame(drawn).filter(|at| *at <= end) {
        (drawn, frames) = (at, frames + 1);
    }
    frames
}

#[test]
fn a_frame_is_drawn_thirty_times_a_second_while_something_travels_and_never_else() {
    let mut script = Script::connected(LabKind::Isolated);
    assert_eq!(frames(&script, 60_000), 0, "nothing travels");
    script.mode(Mode::Slow(Millis(2_000)));
    assert_eq!(frames(&script, 60_000), 0, "nothing travels yet");
    script.packet(Side::Client, 24, 1, 1, "hello");
    assert_eq!(frames(&script, 1_000), 29);
    assert_eq!(frames(&script, 60_000), 60, "until it is there, or should be");
    script.wait(2_000).oldest(Disposition::Delivered);
    assert_eq!(frames(&script, 60_000), 0, "it is there");
    // What a rule or the user delays does not travel; nor does anything in a recording.
    script.disposition = Disposition::Delayed(Millis(900));
    script.packet(Side::Client, 24, 6, 1, "hello");
    assert_eq!(frames(&script, 60_000), 0);
    script.mode(Mode::Slow(Millis(400)));
    script.packet(Side::Client, 24, 11, 1, "hello");
    assert!(frames(&script, 1_000) > 0);
    assert_eq!(frames(&script.opened(), 60_000), 0);
}

#[test]
fn sources_that_disagree() {
    snapshots("disagree", || {
        let mut script = Script::stepping();
        // An RST that the kernel does not take.
        script.mode(Mode::Flow).packet(Side::Server, 4, 900, 0, "");
        script.tell(LabEvent::Quiet);
        script
    });
}

#[test]
fn a_tour_that_begins() {
    snapshots("tour", Script::tour);
}

#[test]
fn a_prediction() {
    snapshots("predict", || {
        let mut script = Script::tour();
        script.keys("#");
        script
    });
}

/// What a step returns, and the state that it leaves, are asked at once; Esc leaves what is not answered open.
#[test]
fn a_prediction_asks_all_its_questions_at_once() {
    let mut script = Script::tour();
    script.keys("#");
    let said = text_of(&mut script, 120, 40);
    assert!(said.contains("what will it return?"), "{said}");
    assert!(said.contains("what will be the state of"), "{said}");
    // What a listen can return, and where a socket that is only made can be led: no read's and no close's results.
    for (choice, plausible) in [
        ("EADDRINUSE", true),
        ("ok", true),
        ("LISTEN", true),
        ("EPIPE", false),
        ("EOF", false),
        // What a beginner has not heard of.
        ("EMFILE", false),
        ("EBADF", false),
        ("EINVAL", false),
    ] {
        let is_there = said.lines().any(|line| line.contains(&format!("( ) {choice} ")));
        assert_eq!(is_there, plausible, "{choice}: {said}");
    }
    assert!(said.contains("Two questions: pick one answer to each."), "{said}");
    assert!(!said.contains("(x)"), "nothing is chosen yet: {said}");
    // Nothing is selected before the arrows were used, and nothing is told of what will follow.
    script.keys("\n");
    assert!(!text_of(&mut script, 120, 40).contains("(x)"));
    assert!(!said.contains("LISTEN: a client can connect"), "{said}");
    assert!(said.contains("2 l listen"), "{said}");
    let down = Input::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE));
    for _ in 0..2 {
        script.app.input(&down, script.now);
    }
    script.keys("\n");
    let said = text_of(&mut script, 120, 40);
    assert!(said.contains("(x) ok"), "the answer is marked: {said}");
    assert!(said.contains("what will be the state of"), "{said}");
    assert!(said.contains("Now the other question"), "{said}");
    script.app.input(&down, script.now);
    script.keys("\n");
    let said = text_of(&mut script, 120, 40);
    assert!(!said.contains("what will"), "{said}");
    assert!(said.contains("you predict ok, listener CLOSE"), "{said}");
    assert!(!said.contains("LISTEN: a client can connect"), "{said}");
    script.keys("#\u{1b}");
    assert!(!text_of(&mut script, 120, 40).contains("what will"));
}

/// The bottom line says what a press on a dialog's item does, not only that it chooses it.
#[test]
fn a_dialogs_item_says_what_a_press_on_it_does() {
    for (keys, words, hint) in [
        (
            "Y",
            "Half-close: one direction ends",
            "be guided through: Half-close: one direction ends",
        ),
        (
            "Y",
            "Half-close beside full close",
            "see in two labs: Half-close beside full close",
        ),
        ("m", "shut wr  ", "shut wr: end this end's direction"),
        ("%", "projector", "try the theme projector"),
        ("+", "record first", "write what was done to a scenario file"),
    ] {
        let mut script = Script::connected(LabKind::Isolated);
        script.keys(keys);
        let said = text_of(&mut script, 120, 40);
        let (row, column) = said
            .lines()
            .zip(0u16..)
            .find_map(|(line, row)| Some((row, line[..line.find(words)?].chars().count() as u16)))
            .unwrap_or_else(|| panic!("{words}: {said}"));
        script.app.input(
            &Input::Mouse(MouseEvent {
                kind: MouseEventKind::Moved,
                column: column + 2,
                row,
                modifiers: KeyModifiers::NONE,
            }),
            script.now,
        );
        let said = text_of(&mut script, 120, 40);
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains(hint), "{words}: {said}");
    }
}

#[test]
fn lessons_to_choose_from() {
    snapshots("lessons", || {
        let mut script = Script::new(LabKind::Isolated);
        script.keys("Y");
        script
    });
}

/// The search finds what a lesson is about and what it shows; the codes of files are on no line.
#[test]
fn lessons_are_searched_by_what_they_show() {
    let titles = |search: &str| {
        let mut script = Script::new(LabKind::Isolated);
        script.keys("Y");
        script.keys(search);
        text_of(&mut script, 200, 60)
    };
    for (search, title) in [
        ("epipe", "Writing to a peer that has closed"),
        ("close_wait advanced", "A new SYN meets a stale CLOSE_WAIT"),
        ("so-error", "The error is reported once"),
        ("wait CLOSE_WAIT leak", "Who waits in CLOSE_WAIT?"),
        ("two connections on one screen", "Half-close beside full close"),
        ("curl handshake", "Step through curl's handshake (runs curl, python3)"),
    ] {
        let said = titles(search);
        assert!(said.contains(title), "{search}: {said}");
    }
    let none = titles("epipe nowhere");
    assert!(none.contains("no lesson has all these words"), "{none}");
    let all = titles("");
    assert!(!all.contains("C1 ") && !all.contains("K2"), "{all}");
}

/// A step is changed in the prompt; what comes of the runs is shown by the comparison that asked for them, and by no other.
#[test]
fn a_comparison_shows_what_came_of_its_own_branch() {
    let mut script = Script::tour();
    let branch = |script: &mut Script, text: &str| {
        let enter = Input::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
        script.keys("&");
        assert!(text_of(script, 120, 40).contains("what instead?"));
        script.keys(text);
        match script.app.input(&enter, script.now).as_slice() {
            [Effect::RunBoth(branch)] => branch.clone(),
            other => panic!("{other:?}"),
        }
    };
    let first = branch(&mut script, "1");
    assert!(text_of(&mut script, 120, 40).contains("running both ..."));
    script.keys("\u{1b}");
    let second = branch(&mut script, "2");
    let effects = script.app.compared(&first, &Err("the first".into()), script.now);
    script.take(effects);
    assert!(text_of(&mut script, 120, 40).contains("running both ..."));
    let effects = script.app.compared(&second, &Err("the second".into()), script.now);
    script.take(effects);
    assert!(text_of(&mut script, 120, 40).contains("the second"));
    // Typed, but not as a command of its own: the history has none of it.
    script.keys("\u{1b}:");
    let up = Input::Key(KeyEvent::new(KeyCode::Up, KeyModifiers::NONE));
    script.app.input(&up, script.now);
    assert!(!text_of(&mut script, 120, 40).contains("│ : server"));
}

/// An option's value is typed in a prompt over the options; when the call is over, they are read again.
#[test]
fn a_value_that_is_typed_over_the_options_is_read_again() {
    let mut script = Script::options();
    let option = SocketOption::ALL
        .iter()
        .position(|option| *option == SocketOption::UserTimeout);
    draw(&mut script, 120, 40);
    let is_it = |hit: &&Hit| option.map(Action::Item).as_ref() == Some(&hit.action);
    let area = script.app.hits().all().iter().find(is_it).unwrap().area;
    click(&mut script, area.x, area.y);
    let said = text_of(&mut script, 120, 40);
    assert!(
        said.contains(": client set-option") && said.contains("TCP_USER_TIMEOUT 1"),
        "{said}"
    );
    script.asked.clear();
    script.keys("7\n");
    let said = text_of(&mut script, 120, 40);
    assert!(!said.contains("Enter runs it") && said.contains("options of"), "{said}");
    let set = script.begin("setsockopt(5, SOL_TCP, TCP_USER_TIMEOUT, [7], 4)");
    script.end(set, script::done(), "setsockopt(5, ...) = 0", None);
    match script.asked.as_slice() {
        [LabRequest::Call(Side::Client, request)] => assert_eq!(request.order.kind(), CallKind::Options),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_lessons_are_searched_by_what_is_typed() {
    let mut script = Script::new(LabKind::Isolated);
    script.keys("Yno such scenario at all");
    let said = text_of(&mut script, 120, 40);
    assert!(
        said.contains("no lesson has all these words") && said.contains("0 of"),
        "{said}"
    );
    script.keys("\u{1b}Y epipe half");
    let said = text_of(&mut script, 120, 40);
    assert!(said.contains("Half-close: one direction ends"), "{said}");
}

#[test]
fn many_sockets() {
    snapshots("many", Script::many);
}

#[test]
fn the_help() {
    snapshots("help", || {
        let mut script = Script::new(LabKind::Isolated);
        script.keys("?");
        script
    });
}

#[test]
fn the_prompt_points_at_a_mistake() {
    snapshots("prompt", || {
        let mut script = Script::half_close();
        script.keys(":client shutdwn wr\n");
        script
    });
}

#[test]
fn the_prompt_proposes_words() {
    snapshots("complete", || {
        let mut script = Script::half_close();
        script.keys(":client s\t\t");
        script
    });
}

#[test]
fn the_options() {
    snapshots("options", Script::options);
}

#[test]
fn the_host_settings() {
    snapshots("host", || {
        let mut script = Script::half_close();
        script.keys("1t");
        script
    });
}

#[test]
fn the_raw_rows() {
    snapshots("raw", || {
        let mut script = Script::half_close();
        script.keys("2T");
        script
    });
}

#[test]
fn too_small_a_terminal_is_told_so() {
    for (width, height) in [(59, 14), (50, 10), (60, 14), (59, 40)] {
        let said = text_of(&mut Script::new(LabKind::Isolated), width, height);
        assert_eq!(
            said.trim_end(),
            format!("finwait needs 60x15, this is {width}x{height}")
        );
    }
}

/// A key would do what nobody sees: the server would listen.
#[test]
fn in_too_small_a_terminal_only_what_leaves_it_acts() {
    let mut script = Script::new(LabKind::Isolated);
    draw(&mut script, 40, 10);
    for key in ['2', 'l', ':', '?'] {
        assert!(press(&mut script, key).is_empty(), "{key}");
    }
    assert!(click(&mut script, 5, 5).is_empty());
    assert!(matches!(press(&mut script, 'q')[..], [Effect::Leave(_)]));
    // As soon as it is large enough, keys act, drawn or not.
    script.app.input(&Input::Resize(80, 24), script.now);
    press(&mut script, '2');
    assert!(!press(&mut script, 'l').is_empty(), "the server listens");
    let said = text_of(&mut script, 80, 24);
    assert!(said.contains("2 SERVER"), "{said}");
}

/// What a rule does, the mode does not show.
#[test]
fn the_rules_in_force_are_counted_at_every_size() {
    let mut script = Script::stepping();
    let title = |script: &mut Script| text_of(script, 80, 24).lines().next().unwrap().to_owned();
    assert!(!title(&mut script).contains("rule"));
    let rule = |no| RuleStatus::new(RuleNo(no), Preset::Lose10.rules()[0]);
    let mut off = rule(3);
    off.on = false;
    for (rules, said) in [
        (vec![rule(1), off.clone()], "1 rule "),
        (vec![rule(1), rule(2), off], "2 rules "),
    ] {
        script.tell(LabEvent::Rules(rules));
        for (width, height) in [(60, 15), (80, 24), (100, 30), (200, 60)] {
            let text = text_of(&mut script, width, height);
            let title = text.lines().next().unwrap();
            // Where there is no room for the word, the number stands beside the key.
            let said = if width < 80 {
                said.replace(" rule", "").replace('s', "")
            } else {
                said.to_owned()
            };
            assert!(title.contains(&format!("W {said}")), "{width}x{height}: {title}");
            assert!(title.contains("finwait"), "{width}x{height}: {title}");
        }
    }
    script.tell(LabEvent::Rules(Vec::new()));
    assert!(!title(&mut script).contains("rule"));
}

/// Whose the keys are is said in whole words, or not at all.
#[test]
fn the_buttons_title_is_not_cut_within_a_word() {
    for width in 60..=140 {
        let text = text_of(&mut Script::half_close(), width, 30);
        let begun = text
            .lines()
            .filter(|line| line.contains("CLIENT t") || line.contains("SERVER t"));
        for line in begun {
            assert!(line.contains("the keys act here"), "{width}: {line}");
        }
    }
}

/// The receiver of what is held has been reset, and its socket is gone: data that is delivered is answered with RST.
#[test]
fn what_is_held_for_a_socket_that_is_gone_is_said_to_be_answered() {
    let mut script = Script::connected(LabKind::Isolated);
    script.mode(Mode::Step);
    script.packet(Side::Server, 24, 1, 1, "hello");
    assert!(script.app.session().now_lines(script.now).so[0].ends_with("the client does not have them yet."));
    let cause = finwait::lab::event::TransitionCause::Unseen;
    script.state(Side::Client, State::Established, State::Close, 200, cause);
    script.table(Side::Client, Vec::new());
    let session = script.app.session();
    assert_eq!(
        session.now_lines(script.now).so[0],
        "5 B are held on the wire. The client's socket is gone: delivered, they are answered with RST."
    );
    let first = &session.moves(Side::Client, script.now)[0];
    assert_eq!(
        (first.act, first.text.as_str()),
        (Act::Deliver, "an RST answers: the socket is gone")
    );
}

/// Data is not called an ACK, whatever its flags.
#[test]
fn held_data_is_called_data() {
    let mut script = Script::half_close();
    script.mode(Mode::Step);
    script.packet(Side::Server, 24, 7, 2, "late");
    script.packet(Side::Server, 16, 99, 2, "later");
    let moves = script.app.session().moves(Side::Server, script.now);
    assert!(!moves[0].text.contains("ACK"), "{}", moves[0].text);
}

fn code(script: &mut Script, code: KeyCode) -> Vec<Effect> {
    script
        .app
        .input(&Input::Key(KeyEvent::new(code, KeyModifiers::NONE)), script.now)
}

/// The colours in which the word `finwait` stands, and what is under it.
fn looks(script: &mut Script) -> (Color, Color) {
    let terminal = draw(script, 120, 40);
    let cell = &terminal.backend().buffer()[(1, 0)];
    assert_eq!(cell.symbol(), "f");
    (cell.fg, cell.bg)
}

#[test]
fn the_themes() {
    for (width, height) in [(80, 24), (120, 40), (60, 15)] {
        let mut script = Script::half_close();
        script.keys("%");
        insta::assert_snapshot!(format!("themes-{width}x{height}"), text_of(&mut script, width, height));
    }
}

#[test]
fn a_theme_is_seen_while_it_is_marked_and_kept_with_enter() {
    let mut script = Script::half_close();
    let before = looks(&mut script);
    script.keys("%");
    assert_eq!(looks(&mut script), before);
    code(&mut script, KeyCode::Down);
    let dark = looks(&mut script);
    assert_eq!(dark.1, Color::Rgb(0x14, 0x18, 0x1d));
    code(&mut script, KeyCode::Down);
    assert_eq!(looks(&mut script).1, Color::Rgb(0xfb, 0xfa, 0xf7));
    // Back to what was.
    code(&mut script, KeyCode::Esc);
    assert_eq!(looks(&mut script), before);
    script.app.setup().config = Some("/somewhere/config.toml".into());
    script.keys("%");
    code(&mut script, KeyCode::Down);
    let name = ThemeName::new("dark").unwrap();
    let keep = Effect::KeepTheme("/somewhere/config.toml".into(), name);
    assert_eq!(code(&mut script, KeyCode::Enter), std::slice::from_ref(&keep));
    assert_eq!(looks(&mut script), dark);
    // Opened again, the mark is on it.
    script.keys("%");
    assert_eq!(looks(&mut script), dark);
    code(&mut script, KeyCode::Esc);
    // Typed.
    script.keys(":theme terminal-16");
    let effects = code(&mut script, KeyCode::Enter);
    assert!(matches!(effects[..], [Effect::KeepTheme(..)]), "{effects:?}");
    assert_eq!(looks(&mut script), before);
    script.keys(":theme drak\n");
    assert!(text_of(&mut script, 120, 40).contains("there is no theme \"drak\"; did you mean dark?"));
    assert_eq!(looks(&mut script), before);
}

#[test]
fn a_click_marks_a_theme_and_another_keeps_it() {
    let mut script = Script::half_close();
    let before = looks(&mut script);
    script.keys("%");
    let text = text_of(&mut script, 120, 40);
    let y = text.lines().position(|line| line.contains("projector ")).unwrap() as u16;
    let x = text
        .lines()
        .nth(usize::from(y))
        .unwrap()
        .split("projector")
        .next()
        .unwrap()
        .chars()
        .count() as u16;
    assert_eq!(click(&mut script, x, y), []);
    let marked = looks(&mut script);
    assert_eq!(marked.1, Color::Rgb(255, 255, 255));
    code(&mut script, KeyCode::Esc);
    assert_eq!(looks(&mut script), before);
    script.keys("%");
    draw(&mut script, 120, 40);
    click(&mut script, x, y);
    draw(&mut script, 120, 40);
    click(&mut script, x, y);
    assert_eq!(looks(&mut script), marked);
    // There is no file to keep it in.
    assert!(text_of(&mut script, 120, 40).contains("theme projector, until finwait ends"));
}

#[test]
fn without_colour_there_is_none() {
    let mut script = Script::reset();
    script.app = finwait::tui::app::App::new(
        finwait::session::Session::new(script::facts(LabKind::Isolated), script.now),
        Theme::PLAIN,
    );
    script.tell(LabEvent::Died(ProcessDied {
        side: Side::Client,
        pid: 1,
        how: finwait::lab::event::Death::Signal(9),
    }));
    let terminal = draw(&mut script, 120, 40);
    for cell in terminal.backend().buffer().content() {
        assert!(matches!(cell.fg, Color::Reset) && matches!(cell.bg, Color::Reset));
    }
}

fn press(script: &mut Script, key: char) -> Vec<Effect> {
    let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
    script.app.input(&Input::Key(key), script.now)
}

fn click(script: &mut Script, x: u16, y: u16) -> Vec<Effect> {
    mouse(script, MouseEventKind::Down(MouseButton::Left), x, y)
}

fn mouse(script: &mut Script, kind: MouseEventKind, column: u16, row: u16) -> Vec<Effect> {
    let event = MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    };
    script.app.input(&Input::Mouse(event), script.now)
}

/// A letter with Ctrl or Alt is another key: it closes no dialog, and is not searched for. Nor is a control character typed.
#[test]
fn a_letter_with_control_or_alt_is_not_the_letter() {
    let with = [KeyModifiers::CONTROL, KeyModifiers::ALT]
        .into_iter()
        .flat_map(|modifiers| {
            // Ctrl-P opens the list of what there is where no dialog is, Ctrl-S takes a picture of any.
            let others = ('a'..='z')
                .filter(move |code| modifiers == KeyModifiers::ALT || !['c', 'l', 'p', 's', 'z'].contains(code));
            let others = others.chain([' ', '1', '2', '!', '?']);
            others.map(move |code| KeyEvent::new(KeyCode::Char(code), modifiers))
        });
    let bell = KeyEvent::new(KeyCode::Char('\u{7}'), KeyModifiers::NONE);
    let keys: Vec<KeyEvent> = with.chain([bell]).collect();
    // In the prompt, some of them edit the line.
    let (all, prompt) = (keys.as_slice(), &keys[keys.len() - 1..]);
    let dialogs = ["?", "o", "t", "T", "!", "W", "f", "Y", ""].map(|open| (open, all));
    for (open, keys) in dialogs.into_iter().chain([(":", prompt)]) {
        let mut script = Script::reset();
        script.keys(open);
        let before = text_of(&mut script, 120, 40);
        for key in keys {
            assert_eq!(script.app.input(&Input::Key(*key), script.now), [], "{open} {key:?}");
        }
        assert_eq!(text_of(&mut script, 120, 40), before, "{open}");
    }
}

#[test]
fn the_other_ends_line_gives_it_the_keys() {
    let mut script = Script::half_close();
    draw(&mut script, 80, 24);
    click(&mut script, 10, 1);
    assert!(text_of(&mut script, 80, 24).lines().nth(1).unwrap().contains("CLIENT"));
}

/// A return stands on its call's row only when nothing came between them.
#[test]
fn the_diagram_keeps_the_order_of_returns() {
    let mut script = Script::connected(LabKind::Isolated);
    script.run("client read");
    let read = script.begin("read(5, ..., 1024)");
    script.run("client so-error");
    script.call(
        "getsockopt(5, SOL_SOCKET, SO_ERROR)",
        finwait::outcome::Outcome::Ok(finwait::outcome::Value::PendingError { error: None }),
        None,
    );
    script.end(
        read,
        finwait::outcome::Outcome::Err(finwait::errno::Errno::EINTR),
        "read(5, ..., 1024) = -1 EINTR (Interrupted system call)",
        None,
    );
    let screen = text_of(&mut script, 200, 60);
    let diagram: Vec<&str> = screen.lines().filter(|line| line.contains("│")).collect();
    let place = |said: &str| diagram.iter().position(|line| line.contains(said)).unwrap();
    let called = place("read(5, ..., 1024) ...");
    let asked = diagram.iter().position(|line| line.contains("= no error")).unwrap();
    assert!(called < asked && asked < place("read = EINTR"), "{screen}");
}

#[test]
fn a_right_click_types_the_buttons_command() {
    let mut script = Script::connected(LabKind::Isolated);
    draw(&mut script, 120, 40);
    let pressed = |key| Action::from((table::pressed(key).unwrap().1.command)(Side::Client));
    let write = script
        .app
        .hits()
        .all()
        .iter()
        .find(|hit| hit.action == pressed('w'))
        .unwrap()
        .clone();
    mouse(
        &mut script,
        MouseEventKind::Down(MouseButton::Right),
        write.area.x,
        write.area.y,
    );
    assert!(text_of(&mut script, 120, 40).contains(": client write \"hello\""));
}

#[test]
fn a_switch_in_the_options_is_turned_and_read_again() {
    let mut script = Script::options();
    // TCP_NODELAY is the fourth.
    for _ in 0..3 {
        let down = Input::Key(KeyEvent::new(KeyCode::Down, KeyModifiers::NONE));
        let effects = script.app.input(&down, script.now);
        script.take(effects);
    }
    script.keys("\n");
    let set = script.begin("setsockopt(5, SOL_TCP, TCP_NODELAY, [0], 4)");
    assert!(script.asked.is_empty());
    script.end(
        set,
        script::done(),
        "setsockopt(5, SOL_TCP, TCP_NODELAY, [0], 4) = 0",
        None,
    );
    match script.asked.as_slice() {
        [LabRequest::Call(Side::Client, request)] => assert_eq!(request.order.kind(), CallKind::Options),
        other => panic!("{other:?}"),
    }
}

/// What a call's sentence says of the present is looked at again: once it is not so, the sentence is of then.
#[test]
fn a_sentence_that_has_become_untrue_says_so() {
    let mut script = Script::half_close();
    script.run("client poll in");
    script.call(
        "poll(5, POLLIN, 0)",
        finwait::outcome::Outcome::Ok(finwait::outcome::Value::Ready { events: vec![] }),
        None,
    );
    for key in "zz".chars() {
        press(&mut script, key);
    }
    let shown = |script: &mut Script| text_of(script, 120, 40);
    let of_then = |text: &str| text.contains("Then: ");
    assert!(!of_then(&shown(&mut script)), "{}", shown(&mut script));
    script.packet(Side::Server, 4, 7, 0, "");
    let text = shown(&mut script);
    let why = script
        .app
        .session()
        .last_why(Side::Client)
        .expect("the call has a sentence");
    assert!(!why.holds, "{}\n{text}", why.sentence);
    assert!(of_then(&text), "{text}");
}

/// A chip whose state has changed stands out for 300 ms: one frame more is drawn then, and none after it.
#[test]
fn a_state_that_changes_stands_out_for_a_moment() {
    let mut script = Script::half_close();
    let chip = |script: &mut Script, state: &str| {
        let text = text_of(script, 120, 40);
        let terminal = draw(script, 120, 40);
        let (y, line) = text.lines().enumerate().find(|(_, line)| line.contains(state)).unwrap();
        let x = line[..line.find(state).unwrap()].chars().count();
        terminal.backend().buffer()[(x as u16, y as u16)].style()
    };
    let before = chip(&mut script, "FIN_WAIT2");
    assert_eq!(script.app.next_frame(script.now), None);
    script.table(Side::Client, vec![row(Side::Client, State::TimeWait, 0)]);
    let changed = script.now;
    assert_ne!(chip(&mut script, "TIME_WAIT"), before);
    let ends = script.app.next_frame(changed).unwrap();
    assert_eq!(ends.since(changed), Duration::from_millis(300));
    script.now = ends;
    assert_eq!(chip(&mut script, "TIME_WAIT"), before);
    assert_eq!(script.app.next_frame(ends), None);
}

#[test]
fn nothing_is_drawn_when_nothing_changed() {
    let mut script = Script::half_close();
    assert!(script.app.is_stale());
    draw(&mut script, 120, 40);
    assert!(!script.app.is_stale());
    // The first time that all is quiet, the sources of the states are compared.
    script.tell(LabEvent::Quiet);
    assert!(script.app.is_stale());
    draw(&mut script, 120, 40);
    script.tell(LabEvent::Quiet);
    // From one place in the log to another: nothing looks different.
    let of_log = |hit: &&Hit| matches!(hit.action, Action::LogLine(Some(_)));
    let line = script.app.hits().all().iter().find(of_log).unwrap().area;
    for x in 0..50 {
        mouse(&mut script, MouseEventKind::Moved, x, line.y);
    }
    let focus = Input::FocusLost;
    script.app.input(&focus, script.now);
    assert!(!script.app.is_stale());
    // On a button it does.
    let button = place_of(&script, &Action::Screen(None, ScreenCommand::Help));
    mouse(&mut script, MouseEventKind::Moved, button.x, button.y);
    assert!(script.app.is_stale());
}

/// Where that is drawn.
fn place_of(script: &Script, action: &Action) -> Rect {
    let mut hits = script.app.hits().all().iter();
    hits.find(|hit| hit.action == *action).expect("it is drawn").area
}

#[test]
fn the_log_scrolls_stands_still_and_follows_again() {
    let mut script = Script::half_close();
    draw(&mut script, 80, 30);
    let page_up = Input::Key(KeyEvent::new(KeyCode::PageUp, KeyModifiers::NONE));
    script.app.input(&page_up, script.now);
    assert!(text_of(&mut script, 80, 30).contains(" F follow: off "));
    let end = Input::Key(KeyEvent::new(KeyCode::End, KeyModifiers::NONE));
    script.app.input(&end, script.now);
    assert!(text_of(&mut script, 80, 30).contains(" F follow: on "));
    script.keys("//");
    let said = text_of(&mut script, 80, 30);
    assert!(
        said.contains(" / filter: segments ") && !said.contains("  shutdown(5, SHUT_WR) = 0   "),
        "{said}"
    );
    // A line is clicked and copied.
    let of_log = |hit: &&Hit| matches!(hit.action, Action::LogLine(Some(_)));
    let line = script.app.hits().all().iter().find(of_log).unwrap().area;
    click(&mut script, 30, line.y);
    match press(&mut script, 'y').as_slice() {
        [Effect::Copy(line)] => assert!(line.contains(" wire "), "{line}"),
        other => panic!("{other:?}"),
    }
    assert!(text_of(&mut script, 80, 30).contains("copied: "));
}

#[test]
fn nothing_raw_is_drawn() {
    let mut script = Script::new(LabKind::Isolated);
    script.tell(LabEvent::Born(ProcessBorn {
        side: Side::Client,
        pid: 1,
        runtime: "evil\u{1b}[31m".into(),
        takes_unasked: false,
        nofile: None,
    }));
    script.tell(LabEvent::Note("a\u{7}b\u{1b}]0;title\u{7}\nc\u{202e}".into()));
    let terminal = draw(&mut script, 200, 60);
    for cell in terminal.backend().buffer().content() {
        assert!(
            cell.symbol().chars().all(|c| !c.is_control() && c != '\u{202e}'),
            "{:?}",
            cell.symbol()
        );
    }
}

/// Anything that a terminal can send.
fn input() -> impl Strategy<Value = Input> {
    let keys = prop_oneof![
        proptest::char::range(' ', '~').prop_map(KeyCode::Char),
        proptest::sample::select(vec![
            KeyCode::Enter,
            KeyCode::Tab,
            KeyCode::BackTab,
            KeyCode::Esc,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Backspace,
            KeyCode::F(5),
            KeyCode::Char('\u{e4}'),
            KeyCode::Char('\u{4e2d}'),
        ]),
    ];
    let kinds = proptest::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::Moved,
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
    ]);
    prop_oneof![
        4 => keys.prop_map(|code| Input::Key(KeyEvent::new(code, KeyModifiers::NONE))),
        4 => (kinds, 0..250_u16, 0..250_u16).prop_map(|(kind, column, row)| Input::Mouse(MouseEvent {
            kind, column, row, modifiers: KeyModifiers::NONE,
        })),
        1 => "\\PC{0,12}".prop_map(Input::Paste),
        1 => (0..250_u16, 0..250_u16).prop_map(|(width, height)| Input::Resize(width, height)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_input_and_no_size_makes_it_panic(
        inputs in proptest::collection::vec(input(), 0..40),
        which in 0..6_usize,
        first in (0..250_u16, 0..250_u16),
    ) {
        let mut script = match which {
            0 => Script::half_close(),
            1 => Script::many(),
            2 => Script::dead(),
            3 => Script::options(),
            4 => Script::blocked(),
            _ => Script::connected(fallback()),
        };
        let mut size = first;
        for input in inputs {
            if let Input::Resize(width, height) = input {
                size = (width, height);
            }
            script.app.input(&input, script.now);
            script.now = script.now.plus(Duration::from_millis(100));
            draw(&mut script, size.0, size.1);
        }
    }

    #[test]
    fn every_size_can_be_drawn(width in 0..250_u16, height in 0..120_u16, keys in "[?:otTm12vzZGV*+]{0,4}") {
        let mut script = Script::many();
        script.keys(&keys);
        draw(&mut script, width, height);
    }
}
