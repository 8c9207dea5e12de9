//! What the tracepoint `sock:inet_sock_set_state` sees of what the socket tables show, and the other way round. Pure.

use finwait::state::State;
use std::collections::BTreeMap;

use super::tracefs::Event;

/// What brought a socket from one state into another, as far as both sides can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A call, or the end of a process.
    Process,
    /// A packet off the wire.
    Wire,
    /// A timer.
    Timer,
    /// The transcript does not know.
    Nobody,
}

/// One state change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub from: State,
    pub to: State,
    /// None where the two sides mean different moments.
    pub by: Option<By>,
}

/// The ports of a connection, this host's first.
pub type Ports = (u16, u16);

/// What the tracepoint must have seen of a connection of which the transcript tells `told`, in that order.
///
/// The tables (procfs, sock_diag) and the tracepoint name the same sockets differently in these places, and in no others:
///
/// - A handshake at a listener is a *request socket* until its last step. The tables show it as SYN_RECV, untraced: its real socket
///   is born, a copy of the listener, when that step comes, and is traced as LISTEN -> SYN_RECV -> ESTABLISHED in one go. A
///   request that comes to nothing is never traced.
/// - A handshake that is answered with a *SYN cookie*, because the queue of requests is full, leaves no request either: the connection
///   comes out of nothing with the last ACK, and is traced as any birth. They can be counted, since a handshake begins with a SYN otherwise.
/// - TIME_WAIT belongs to a *time-wait minisock*. The tracepoint sees the real socket go, ... -> CLOSE; the end of TIME_WAIT, or its
///   place being taken by another connection, is untraced.
/// - So does FIN_WAIT2 when no descriptor is left: traced as FIN_WAIT2 -> CLOSE when that begins, at the close or at the ACK. The
///   tables show FIN_WAIT2 until the FIN comes or `tcp_fin_timeout` is over. `minisock` says that it still stands so.
pub fn as_traced(told: &[Step], minisock: bool) -> Vec<Step> {
    let mut traced = Vec::new();
    for (place, step) in told.iter().enumerate() {
        let next = told.get(place + 1).map(|next| next.to);
        match (step.from, step.to) {
            (State::Close, State::SynRecv) if next.is_some_and(|next| next != State::Close) => traced.push(Step {
                from: State::Listen,
                // It is born of the packet that ends the handshake, not of the SYN.
                by: None,
                ..*step
            }),
            (State::Close, State::SynRecv) | (State::TimeWait, State::Close) => {}
            (State::SynRecv, State::Close) if place > 0 && told[place - 1].from == State::Close => {}
            (State::FinWait2, State::TimeWait | State::Close) => traced.push(left_fin_wait2()),
            (_, State::TimeWait) => traced.push(Step {
                to: State::Close,
                ..*step
            }),
            _ => traced.push(*step),
        }
    }
    if minisock {
        traced.push(left_fin_wait2());
    }
    traced
}

/// Do both mean the same step, and the same work?
///
/// A packet that finds its socket in the hands of a call waits in the backlog until the call lets go, and is then dealt with by the
/// call's thread (`release_sock`): a step that no call makes by itself may be seen there, and is the packet's all the same.
pub fn agree(told: &Step, seen: &Step) -> bool {
    let by_packets_only = matches!(
        (told.from, told.to),
        (State::SynSent, State::SynRecv | State::Established)
            | (State::SynRecv, State::Established)
            | (State::Established, State::CloseWait)
            | (State::FinWait1, State::FinWait2 | State::Closing)
    );
    (told.from, told.to) == (seen.from, seen.to)
        && match (told.by, seen.by) {
            (Some(By::Wire), Some(By::Process)) => by_packets_only,
            (Some(told), Some(seen)) => told == seen,
            (None, _) | (_, None) => true,
        }
}

const fn left_fin_wait2() -> Step {
    Step {
        from: State::FinWait2,
        to: State::Close,
        by: None,
    }
}

/// What the tracepoint saw, sorted by connection; `wire` is the thread that writes packets to the hosts.
///
/// Left out is what is no change in any table: a state set to what it was, and a `connect` that finds no free port, or its own taken
/// for that peer, for which the kernel sets SYN_SENT and takes it back before the socket is in a table.
pub fn connections(events: &[Event], wire: u32) -> BTreeMap<Ports, Vec<Step>> {
    // A socket is known by its address in the kernel while it lives, for it has no port of its own when connect begins. The address
    // is given to another socket afterwards, and that begins at CLOSE, or as a listener's copy.
    let mut lives: Vec<(u64, Vec<&Event>)> = Vec::new();
    for event in events.iter().filter(|event| event.from != event.to) {
        let born = matches!(event.from, State::Close | State::Listen if event.to != State::Close);
        let known = lives.iter_mut().rfind(|(socket, _)| *socket == event.socket && !born);
        match known {
            Some((_, life)) => life.push(event),
            None => lives.push((event.socket, vec![event])),
        }
    }
    let mut connections: BTreeMap<Ports, Vec<Step>> = BTreeMap::new();
    for (_, life) in lives {
        // At its first step it has no port yet, or that of its last connection.
        let Some(settled) = life.get(1).or(life.first()) else {
            continue;
        };
        let ports = (settled.sport, settled.dport);
        if let [began, ended] = life[..]
            && was_taken_back(began, ended)
        {
            continue;
        }
        let steps = life.iter().map(|event| Step {
            from: event.from,
            to: event.to,
            by: Some(match event {
                Event { interrupt: true, .. } => By::Timer,
                Event { thread, .. } if *thread == wire => By::Wire,
                Event { .. } => By::Process,
            }),
        });
        if ports.0 != 0 {
            connections.entry(ports).or_default().extend(steps);
        }
    }
    connections
}

/// How long a `connect` may take that finds no port, us: at most a few steps of one thread, and no packet.
const TAKEN_BACK: u64 = 5_000;

/// Is that one `connect`, in one thread, which set SYN_SENT and took it back at once?
fn was_taken_back(began: &Event, ended: &Event) -> bool {
    (began.to, ended.to) == (State::SynSent, State::Close)
        && began.thread == ended.thread
        && !began.interrupt
        && !ended.interrupt
        && ended.at - began.at < TAKEN_BACK
}

mod tests {
    use super::*;
    use State::*;

    fn steps(states: &[State]) -> Vec<(State, State)> {
        states.windows(2).map(|pair| (pair[0], pair[1])).collect()
    }

    /// The steps that the tracepoint sees where the tables show these states, one after the other.
    fn traced(states: &[State], minisock: bool) -> Vec<(State, State)> {
        let told: Vec<Step> = steps(states)
            .into_iter()
            .map(|(from, to)| Step {
                from,
                to,
                by: Some(By::Wire),
            })
            .collect();
        let traced = as_traced(&told, minisock);
        traced.into_iter().map(|step| (step.from, step.to)).collect()
    }

    #[test]
    fn what_both_name_alike_stays_as_it_is() {
        let simultaneous = [Close, SynSent, SynRecv, Established, FinWait1, Closing];
        assert_eq!(traced(&simultaneous, false), steps(&simultaneous));
        let passive = [Established, CloseWait, LastAck, Close];
        assert_eq!(traced(&passive, false), steps(&passive));
    }

    #[test]
    fn a_request_is_traced_from_its_last_step_on() {
        assert_eq!(traced(&[Close, SynRecv], false), []);
        assert_eq!(
            traced(&[Close, SynRecv, Established], false),
            steps(&[Listen, SynRecv, Established])
        );
    }

    #[test]
    fn a_request_that_comes_to_nothing_is_not_traced_and_a_simultaneous_open_is() {
        assert_eq!(traced(&[Close, SynRecv, Close], false), []);
        assert_eq!(
            traced(&[Close, SynRecv, Close, SynRecv, Established], false),
            steps(&[Listen, SynRecv, Established])
        );
        let reset = [Close, SynSent, SynRecv, Close];
        assert_eq!(traced(&reset, false), steps(&reset));
    }

    #[test]
    fn time_wait_is_close_to_the_tracepoint_and_its_end_nothing() {
        let seen = [FinWait1, FinWait2, Close];
        assert_eq!(traced(&[FinWait1, FinWait2, TimeWait], false), steps(&seen));
        assert_eq!(traced(&[FinWait1, FinWait2, TimeWait, Close], false), steps(&seen));
        assert_eq!(traced(&[Closing, TimeWait], false), [(Closing, Close)]);
    }

    #[test]
    fn an_orphan_in_fin_wait2_is_close_to_the_tracepoint_at_once() {
        let seen = steps(&[FinWait1, FinWait2, Close]);
        assert_eq!(traced(&[FinWait1, FinWait2], true), seen);
        assert_eq!(traced(&[FinWait1, FinWait2, Close], false), seen);
        assert_eq!(traced(&[FinWait1, FinWait2], false), steps(&[FinWait1, FinWait2]));
    }

    #[test]
    fn a_packet_in_the_backlog_is_dealt_with_by_the_call_and_stays_the_cause() {
        let step = |from, to, by| Step { from, to, by: Some(by) };
        let agrees = |from, to, told, seen| agree(&step(from, to, told), &step(from, to, seen));
        assert!(agrees(FinWait1, Closing, By::Wire, By::Process));
        assert!(!agrees(Established, Close, By::Wire, By::Process));
        assert!(!agrees(Established, FinWait1, By::Wire, By::Process));
        assert!(!agrees(FinWait1, Closing, By::Process, By::Wire));
        assert!(!agrees(FinWait1, Closing, By::Nobody, By::Process));
    }

    fn event(socket: u64, from: State, to: State, sport: u16, dport: u16) -> Event {
        Event {
            at: 0,
            thread: 7,
            interrupt: false,
            socket,
            from,
            to,
            sport,
            dport,
        }
    }

    #[test]
    fn a_socket_is_followed_by_its_address_until_that_is_used_again() {
        let events = [
            event(1, Close, SynSent, 0, 80),
            event(2, Listen, SynRecv, 80, 0),
            event(1, SynSent, Established, 4000, 80),
            event(2, SynRecv, Established, 80, 4000),
            event(1, Established, Established, 4000, 80),
            event(1, Established, Close, 4000, 80),
            event(1, Close, SynSent, 4001, 80),
        ];
        let found: Vec<_> = connections(&events, 7).into_iter().collect();
        let step = |from, to| Step {
            from,
            to,
            by: Some(By::Wire),
        };
        assert_eq!(
            found,
            [
                ((80, 4000), vec![step(Listen, SynRecv), step(SynRecv, Established)]),
                (
                    (4000, 80),
                    vec![
                        step(Close, SynSent),
                        step(SynSent, Established),
                        step(Established, Close)
                    ]
                ),
                ((4001, 80), vec![step(Close, SynSent)]),
            ]
        );
    }

    #[test]
    fn a_connect_that_finds_no_port_is_in_no_table() {
        let events = [event(1, Close, SynSent, 0, 80), event(1, SynSent, Close, 0, 80)];
        assert!(connections(&events, 7).is_empty());
        let mut bound = [event(1, Close, SynSent, 4000, 80), event(1, SynSent, Close, 4000, 80)];
        assert!(connections(&bound, 7).is_empty());
        bound[1].at = 30_000;
        assert_eq!(connections(&bound, 7).len(), 1, "that was under way");
        bound[1].at = 10;
        bound[1].thread = 8;
        assert_eq!(connections(&bound, 7).len(), 1, "that was another's work");
    }

    #[test]
    fn a_line_tells_whose_work_it_was() {
        let line = |thread: &str, flags: &str| {
            Event::parse(&format!(
                "  {thread} [001] {flags}  1479.022886: inet_sock_set_state: skaddr=0xffff88817c201280 (-131385262075264) \
oldstate=0x2 (2) newstate=0x1 (1) sport=0xcd40 (52544) dport=0x10e1 (4321) family=0x2 (2) protocol=0x6 (6)"
            ))
            .unwrap()
        };
        let event = line("[a b]-2 c-7", "b..1.");
        assert_eq!((event.thread, event.interrupt, event.at), (7, false, 1_479_022_886));
        assert_eq!((event.from, event.to), (SynSent, Established));
        assert_eq!(
            (event.sport, event.dport, event.socket),
            (52544, 4321, 0xffff_8881_7c20_1280)
        );
        let by = |event: Event| connections(&[event], 7)[&(52544, 4321)][0].by;
        assert_eq!(by(event), Some(By::Wire));
        assert_eq!(by(line("lab-7", "b.s1.")), Some(By::Timer));
        assert_eq!(by(line("exe-9", ".....")), Some(By::Process));
    }
}
