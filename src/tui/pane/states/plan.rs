//! The state diagram's hand-laid plans: where the states are, which way the edges run, and what is beside them.
//!
//! As in the RFC's figure, the listening side is on the left at the top and the one that closes first on the left at the bottom. CLOSE
//! is there once: the ways back to it run round the right.

use crate::state::State::{self, *};

/// The place of a state.
pub struct Node {
    pub state: State,
    /// The left upper corner.
    pub at: (u16, u16),
    /// The size of the box; a state without one is a line of its name's width.
    pub size: (u16, u16),
    /// The place of `C` and `S` beside a state without a box.
    pub marks: (u16, u16),
}

/// The way of an edge: from one border to another, the head before the last point.
pub struct Route {
    pub from: State,
    pub to: State,
    pub points: &'static [(u16, u16)],
    pub labels: &'static [(u16, u16, &'static str)],
}

/// One way to lay it out.
pub struct Plan {
    /// Columns and rows that it takes.
    pub size: (u16, u16),
    /// Are the states in boxes?
    pub boxed: bool,
    /// The columns after which it can be pulled apart.
    pub columns: &'static [u16],
    /// The rows after which it can be.
    pub rows: &'static [u16],
    pub places: [Node; 11],
    pub routes: &'static [Route],
}

const fn boxed(state: State, x: u16, y: u16, width: u16, height: u16) -> Node {
    Node {
        state,
        at: (x, y),
        size: (width, height),
        marks: (0, 0),
    }
}

const fn bare(state: State, x: u16, y: u16, marks: u16) -> Node {
    Node {
        state,
        at: (x, y),
        size: (state.name().len() as u16, 1),
        marks: (marks, y),
    }
}

macro_rules! routes {
    ($($from:ident $to:ident [$($point:expr),*] [$($label:expr),*];)*) => {
        &[$(Route { from: $from, to: $to, points: &[$($point),*], labels: &[$($label),*] }),*]
    };
}

/// All of them, the roomiest first.
pub static PLANS: [&Plan; 3] = [&WIDE, &TALL, &SMALL];

/// Every edge of the figure, with its label.
static WIDE: Plan = Plan {
    size: (78, 20),
    boxed: true,
    columns: &[26, 34, 56, 60],
    rows: &[4, 6, 10, 15],
    places: [
        boxed(Listen, 8, 1, 13, 4),
        boxed(Close, 36, 1, 15, 4),
        boxed(SynSent, 64, 1, 12, 4),
        boxed(SynRecv, 8, 7, 18, 3),
        boxed(Established, 36, 7, 15, 3),
        boxed(FinWait1, 8, 11, 13, 3),
        boxed(Closing, 44, 11, 11, 3),
        boxed(CloseWait, 62, 11, 14, 3),
        boxed(FinWait2, 8, 16, 13, 3),
        boxed(TimeWait, 43, 16, 13, 3),
        boxed(LastAck, 64, 16, 12, 3),
    ],
    routes: routes! {
        Close Listen [(36, 2), (20, 2)] [(23, 1, "passive open")];
        Listen Close [(20, 3), (36, 3)] [(26, 4, "close")];
        Close SynSent [(50, 2), (64, 2)] [(52, 1, "active open"), (53, 2, " snd SYN ")];
        SynSent Close [(64, 3), (50, 3)] [(55, 4, "close")];
        Listen SynSent [(19, 4), (19, 5), (66, 5), (66, 4)] [(26, 5, " send / snd SYN (never on Linux) ")];
        Listen SynRecv [(12, 4), (12, 7)] [(4, 5, "rcv SYN"), (0, 6, "snd SYN,ACK")];
        SynRecv Listen [(14, 7), (14, 4)] [(16, 6, "rcv RST")];
        SynSent SynRecv [(69, 4), (69, 6), (24, 6), (24, 7)] [(32, 6, " rcv SYN / snd SYN,ACK ")];
        SynRecv Established [(25, 8), (36, 8)] [(27, 7, "rcv ACK"), (27, 9, "of SYN")];
        SynSent Established [(72, 4), (72, 8), (50, 8)] [(57, 7, "rcv SYN,ACK"), (57, 9, "snd ACK")];
        SynRecv FinWait1 [(12, 9), (12, 11)] [(6, 10, "close")];
        Established FinWait1 [(39, 9), (39, 10), (18, 10), (18, 11)] [(20, 10, " close / snd FIN ")];
        Established CloseWait [(45, 9), (45, 10), (68, 10), (68, 11)] [(47, 10, " rcv FIN / snd ACK ")];
        FinWait1 FinWait2 [(12, 13), (12, 16)] [(4, 14, "rcv ACK"), (4, 15, "of FIN")];
        FinWait1 Closing [(20, 12), (44, 12)] [(22, 12, " rcv FIN / snd ACK ")];
        FinWait1 TimeWait [(18, 13), (18, 14), (46, 14), (46, 16)]
            [(20, 14, " rcv FIN,ACK / snd ACK "), (20, 15, "(Linux: via FIN_WAIT2)")];
        Closing TimeWait [(50, 13), (50, 16)] [(52, 14, "rcv ACK"), (52, 15, "of FIN")];
        CloseWait LastAck [(68, 13), (68, 16)] [(70, 14, "close"), (70, 15, "snd FIN")];
        FinWait2 TimeWait [(20, 17), (43, 17)] [(22, 17, " rcv FIN / snd ACK ")];
        LastAck Close [(75, 17), (77, 17), (77, 0), (48, 0), (48, 1)] [(57, 0, " rcv ACK of FIN ")];
        TimeWait Close [(49, 18), (49, 19), (77, 19), (77, 0), (48, 0), (48, 1)] [(57, 19, " timeout 2MSL ")];
    },
};

/// The edges that Linux takes, with what comes and, where there is room, what is sent.
static TALL: Plan = Plan {
    size: (44, 24),
    boxed: true,
    columns: &[14, 15, 29],
    rows: &[4, 6, 14, 19],
    places: [
        boxed(Listen, 0, 1, 9, 4),
        boxed(Close, 16, 1, 10, 4),
        boxed(SynSent, 32, 1, 10, 4),
        boxed(SynRecv, 0, 9, 14, 3),
        boxed(Established, 17, 9, 13, 3),
        boxed(FinWait1, 0, 15, 11, 3),
        boxed(Closing, 18, 15, 10, 3),
        boxed(CloseWait, 30, 15, 12, 3),
        boxed(FinWait2, 0, 20, 11, 3),
        boxed(TimeWait, 18, 20, 11, 3),
        boxed(LastAck, 32, 20, 10, 3),
    ],
    routes: routes! {
        Close Listen [(16, 2), (8, 2)] [(9, 1, "passive")];
        Listen Close [(8, 3), (16, 3)] [(10, 4, "close")];
        Close SynSent [(25, 2), (32, 2)] [(26, 1, "active")];
        SynSent Close [(32, 3), (25, 3)] [(26, 4, "close")];
        Listen SynRecv [(1, 4), (1, 9)] [(3, 5, "rcv"), (3, 6, "SYN")];
        SynRecv Listen [(7, 9), (7, 4)] [(9, 5, "rcv RST")];
        SynSent SynRecv [(34, 4), (34, 7), (12, 7), (12, 9)] [(14, 7, " rcv SYN "), (15, 8, "snd SYN,ACK")];
        SynRecv Established [(13, 10), (17, 10)] [(14, 9, "rcv"), (14, 11, "ACK")];
        SynSent Established [(39, 4), (39, 10), (29, 10)] [(31, 11, "rcv SYN,ACK")];
        SynRecv FinWait1 [(2, 11), (2, 15)] [(4, 12, "close")];
        Established FinWait1 [(19, 11), (19, 13), (8, 13), (8, 15)] [(10, 13, " close "), (10, 14, "snd FIN")];
        Established CloseWait [(26, 11), (26, 13), (37, 13), (37, 15)] [(27, 13, " rcv FIN "), (28, 14, "snd ACK")];
        FinWait1 FinWait2 [(2, 17), (2, 20)] [(4, 18, "rcv ACK"), (4, 19, "of FIN")];
        FinWait1 Closing [(10, 16), (18, 16)] [(11, 15, "rcv FIN"), (11, 17, "snd ACK")];
        Closing TimeWait [(22, 17), (22, 20)] [(24, 18, "rcv ACK"), (24, 19, "of FIN")];
        CloseWait LastAck [(34, 17), (34, 20)] [(36, 18, "close"), (36, 19, "snd FIN")];
        FinWait2 TimeWait [(10, 21), (18, 21)] [(11, 20, "rcv FIN"), (11, 22, "snd ACK")];
        LastAck Close [(41, 21), (43, 21), (43, 0), (23, 0), (23, 1)] [(25, 0, " rcv ACK of FIN ")];
        TimeWait Close [(22, 22), (22, 23), (43, 23), (43, 0), (23, 0), (23, 1)] [(25, 23, " timeout 2MSL ")];
    },
};

/// The edges that Linux takes, without labels.
static SMALL: Plan = Plan {
    size: (40, 9),
    boxed: false,
    columns: &[],
    rows: &[1, 3, 5],
    places: [
        bare(Listen, 3, 1, 0),
        bare(Close, 15, 1, 21),
        bare(SynSent, 28, 1, 37),
        bare(SynRecv, 3, 3, 0),
        bare(Established, 15, 3, 27),
        bare(FinWait1, 3, 5, 0),
        bare(Closing, 15, 5, 23),
        bare(CloseWait, 26, 5, 37),
        bare(FinWait2, 3, 7, 0),
        bare(TimeWait, 15, 7, 25),
        bare(LastAck, 28, 7, 37),
    ],
    routes: routes! {
        Close Listen [(12, 1), (9, 1)] [];
        Listen Close [(11, 1), (14, 1)] [];
        Close SynSent [(24, 1), (27, 1)] [];
        SynSent Close [(25, 1), (22, 1)] [];
        Listen SynRecv [(4, 1), (4, 3)] [];
        SynRecv Listen [(7, 3), (7, 1)] [];
        SynSent SynRecv [(30, 1), (30, 2), (9, 2), (9, 3)] [];
        SynRecv Established [(11, 3), (14, 3)] [];
        SynSent Established [(33, 1), (33, 3), (29, 3)] [];
        SynRecv FinWait1 [(5, 3), (5, 5)] [];
        Established FinWait1 [(16, 3), (16, 4), (9, 4), (9, 5)] [];
        Established CloseWait [(24, 3), (24, 4), (31, 4), (31, 5)] [];
        FinWait1 FinWait2 [(5, 5), (5, 7)] [];
        FinWait1 Closing [(11, 5), (14, 5)] [];
        Closing TimeWait [(18, 5), (18, 7)] [];
        CloseWait LastAck [(31, 5), (31, 7)] [];
        FinWait2 TimeWait [(11, 7), (14, 7)] [];
        LastAck Close [(33, 7), (33, 8), (39, 8), (39, 0), (17, 0), (17, 1)] [];
        TimeWait Close [(18, 7), (18, 8), (39, 8), (39, 0), (17, 0), (17, 1)] [];
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::edges::{EDGES, EdgeOrigin, between};
    use std::collections::HashMap;

    /// Every cell that a plan fills, with who fills it. Lines may meet lines; nothing else may meet anything.
    #[test]
    fn nothing_overlaps_but_lines_that_join_and_nothing_is_outside() {
        for plan in PLANS {
            let mut cells: HashMap<(u16, u16), String> = HashMap::new();
            let mut fill = |x: u16, y: u16, who: String| {
                assert!(x < plan.size.0 && y < plan.size.1, "{who} at {x},{y}");
                let before = cells.insert((x, y), who.clone());
                assert_eq!(before, None, "{who} at {x},{y}");
            };
            for place in &plan.places {
                let whole =
                    |at: u16, size: u16, cuts: &[u16]| cuts.iter().all(|cut| *cut < at || *cut >= at + size - 1);
                assert!(
                    whole(place.at.0, place.size.0, plan.columns),
                    "{} is pulled apart",
                    place.state
                );
                assert!(
                    whole(place.at.1, place.size.1, plan.rows),
                    "{} is pulled apart",
                    place.state
                );
                for y in place.at.1..place.at.1 + place.size.1 {
                    for x in place.at.0..place.at.0 + place.size.0 {
                        fill(x, y, place.state.to_string());
                    }
                }
                if !plan.boxed {
                    for x in place.marks.0..place.marks.0 + 2 {
                        fill(x, place.marks.1, format!("{}'s marks", place.state));
                    }
                }
            }
            for route in plan.routes {
                for &(x, y, text) in route.labels {
                    for (x, _) in (x..).zip(text.chars()) {
                        fill(x, y, text.to_owned());
                    }
                }
            }
            // Lines run through no box, no mark and no foreign label; a label on a line is the line's own.
            for route in plan.routes {
                let name = format!("{} -> {}", route.from, route.to);
                let mut way = Vec::new();
                for pair in route.points.windows(2) {
                    let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
                    assert!(x0 == x1 || y0 == y1, "{name}");
                    let (mut x, mut y) = (x0, y0);
                    while (x, y) != (x1, y1) {
                        x = x.saturating_add_signed((i32::from(x1) - i32::from(x0)).signum() as i16);
                        y = y.saturating_add_signed((i32::from(y1) - i32::from(y0)).signum() as i16);
                        way.push((x, y));
                    }
                }
                way.pop();
                for at in way {
                    if let Some(who) = cells.get(&at) {
                        // Two ways to one state may share their end, and what stands there.
                        let own = plan
                            .routes
                            .iter()
                            .filter(|other| other.to == route.to)
                            .any(|other| other.labels.iter().any(|(_, y, text)| text == who && *y == at.1));
                        assert!(own, "{name} runs into {who} at {at:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_edge_that_can_be_taken_is_on_every_plan_and_begins_and_ends_at_its_states() {
        for plan in PLANS {
            for edge in EDGES.iter().filter(|edge| edge.source == EdgeOrigin::Figure) {
                assert_eq!(
                    plan.routes
                        .iter()
                        .filter(|route| (route.from, route.to) == (edge.from, edge.to))
                        .count(),
                    1,
                    "{edge:?}"
                );
            }
            for route in plan.routes {
                assert!(between(route.from, route.to).is_some());
                let near = |state: State, (x, y): (u16, u16)| {
                    let place = plan.places.iter().find(|place| place.state == state).unwrap();
                    // A bare name keeps its distance, and two ways may share a line between.
                    let slack = if plan.boxed { 0 } else { 6 };
                    (place.at.0.saturating_sub(slack)..place.at.0 + place.size.0 + slack).contains(&x)
                        && (place.at.1..place.at.1 + place.size.1).contains(&y)
                };
                let (first, last) = (route.points[0], route.points[route.points.len() - 1]);
                assert!(near(route.from, first), "{} -> {}", route.from, route.to);
                assert!(near(route.to, last), "{} -> {}", route.from, route.to);
            }
        }
        assert_eq!(WIDE.routes.len(), 21, "the figure's twenty and its note 2");
    }
}
