//! The state of one end of a connection as its segments alone would have it (RFC 9293, figure 5). Pure.
//!
//! Who has the connections holds one [`InferredEnd`] for each end: a lab's session to hold it against what the kernel says, a capture because
//! there is no kernel to ask.

use finwait_model::state::State;

use super::segment::Flags;

/// The state of one end according to the segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InferredEnd {
    state: State,
    /// The sequence number after its FIN, counted from the connection's first number.
    fin_end: Option<u32>,
}

/// The change that a segment of its own makes to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentChange {
    /// The segment says nothing new.
    None,
    /// The end speaks in a connection that it was thought to have closed: its state is not known any more.
    Unknown,
    /// The end is in that state, be it the same as before.
    State(InferredEnd),
}

impl InferredEnd {
    /// An end that is known to be in a state, and has sent no FIN.
    pub const fn in_state(state: State) -> InferredEnd {
        InferredEnd { state, fin_end: None }
    }

    /// Returns the state.
    pub const fn state(self) -> State {
        self.state
    }

    /// Returns what it makes of an end that it sends a segment; `fin_end` is the number after the segment's FIN, where it has one and its
    /// place is known, and `ack` the segment's acknowledgement, counted from the first number of `peer`, the other end.
    pub fn sent(
        before: Option<InferredEnd>,
        peer: Option<InferredEnd>,
        flags: Flags,
        fin_end: Option<u32>,
        ack: Option<u32>,
    ) -> SentChange {
        use State::*;
        let state = before.map_or(Close, |known| known.state);
        let next = if flags.has(Flags::SYN) {
            if flags.has(Flags::ACK) { SynRecv } else { SynSent }
        } else if flags.has(Flags::RST) {
            // It may answer a segment of a connection that is none of this end's; in SYN_SENT it does: who gives up sends nothing.
            match state {
                SynSent => return SentChange::None,
                _ if before.is_none() => return SentChange::None,
                _ => Close,
            }
        } else if state == Close {
            // Who still speaks is not closed: what was thought to have closed it was not taken.
            return SentChange::Unknown;
        } else if flags.has(Flags::FIN) {
            match state {
                Established | SynRecv => FinWait1,
                // The FINs have crossed: it was sent before the other one came, and is seen after it.
                CloseWait if peer.is_some_and(|peer| peer.has_fin_beyond(ack)) => Closing,
                CloseWait => LastAck,
                state => state,
            }
        } else {
            return SentChange::None;
        };
        let fin_end = fin_end.filter(|_| flags.has(Flags::FIN)).or_else(|| {
            before
                .filter(|_| !flags.has(Flags::SYN))
                .and_then(|known| known.fin_end)
        });
        SentChange::State(InferredEnd { state: next, fin_end })
    }

    /// Returns whether it has sent a FIN that this acknowledgement does not cover.
    fn has_fin_beyond(self, ack: Option<u32>) -> bool {
        let ends = self.fin_end.zip(ack);
        ends.is_some_and(|(fin_end, ack)| ack != fin_end && fin_end.wrapping_sub(ack) < 1 << 31)
    }

    /// Returns the end after it has received a segment; `ack` is the segment's acknowledgement, counted from the end's first number.
    pub fn received(self, flags: Flags, ack: Option<u32>) -> InferredEnd {
        use State::*;
        let acknowledged = self.fin_end.is_some_and(|end| ack == Some(end));
        let next = match (self.state, flags) {
            (_, flags) if flags.has(Flags::RST) => Close,
            (SynSent, flags) if flags.has(Flags::SYN) && flags.has(Flags::ACK) => Established,
            (SynSent, flags) if flags.has(Flags::SYN) => SynRecv,
            (SynRecv, flags) if flags.has(Flags::ACK) => Established,
            (FinWait1, _) if acknowledged => FinWait2,
            (Closing, _) if acknowledged => TimeWait,
            (LastAck, _) if acknowledged => Close,
            (state, _) => state,
        };
        // A FIN beside data that has not arrived is not taken yet; nothing outside the kernel tells the two apart.
        let state = match next {
            Established if flags.has(Flags::FIN) => CloseWait,
            FinWait1 if flags.has(Flags::FIN) => Closing,
            FinWait2 if flags.has(Flags::FIN) => TimeWait,
            next => next,
        };
        InferredEnd { state, ..self }
    }
}
