//! What the phrases of a sentence claim, each with what must stand in the record for it to be true.

use serde_json::Value;

use super::record::{FIN, Pair, RST, Record, SYN, URG, no};

/// One outcome, its connection, and where in the transcript both stand.
pub struct Told<'a> {
    pub record: &'a Record<'a>,
    pub outcome: &'a Value,
    pub side: &'a str,
    pub pair: &'a Pair,
    /// The entry in which the connection began.
    pub born: u64,
    /// The entry in which the call began.
    pub began: u64,
}

/// The states in which the peer's FIN has been taken.
fn has_fin(state: &str) -> bool {
    matches!(state, "CLOSE_WAIT" | "CLOSING" | "LAST_ACK" | "TIME_WAIT")
}

/// The states in which our own sending is shut down.
fn is_shut(state: &str) -> bool {
    matches!(state, "FIN_WAIT1" | "FIN_WAIT2" | "CLOSING" | "LAST_ACK" | "TIME_WAIT")
}

fn is_handshake(state: &str) -> bool {
    matches!(state, "SYN_SENT" | "SYN_RECV")
}

impl<'a> Told<'a> {
    fn until(&self) -> u64 {
        no(self.outcome)
    }

    fn states(&self, after: u64, before: u64) -> impl Iterator<Item = &'a Value> {
        self.record
            .states(self.side, self.pair, after.max(self.born.saturating_sub(1)), before)
    }

    /// The state that its last change before that entry led to.
    fn state(&self, before: u64) -> &'a str {
        let last = self.states(0, before).last();
        last.and_then(|line| line["to"].as_str()).unwrap_or("CLOSE")
    }

    /// Segments with one of those flags that left, between two entries.
    fn left(&self, flags: u64, after: u64, before: u64) -> usize {
        self.record.left(self.side, self.pair, flags, after, before)
    }

    /// Segments of the connection that reached the host between two entries.
    fn came(&self, after: u64, before: u64) -> impl Iterator<Item = &'a Value> {
        self.record
            .between(after, before)
            .filter(|line| Record::reached(self.side, line) && Record::is_of(self.pair, line))
    }

    fn came_with(&self, flags: u64, after: u64, before: u64) -> bool {
        self.came(after, before).any(|line| Record::flags(line) & flags != 0)
    }

    /// Where the peer's FIN was taken.
    fn fin_taken(&self) -> Option<u64> {
        let mut changes = self.states(0, self.until());
        changes
            .find(|line| has_fin(line["to"].as_str().unwrap_or_default()))
            .map(no)
    }

    /// The change that ended the connection or the attempt.
    fn end(&self) -> Option<&'a Value> {
        let mut changes = self.states(0, self.until());
        changes.find(|line| {
            matches!(line["to"].as_str(), Some("CLOSE" | "TIME_WAIT"))
                && !matches!(line["from"].as_str(), Some("CLOSE" | "TIME_WAIT"))
        })
    }

    /// The packet that ended it.
    fn ended_by(&self) -> Option<&'a Value> {
        let number = self.end()?["cause"]["received"]["packet_no"].as_u64()?;
        let mut packets = self.record.entries();
        packets.find(|line| line["kind"] == "packet" && line["packet_no"] == number && line["fate"] == "delivered")
    }

    fn ended_from(&self) -> &'a str {
        self.end().and_then(|line| line["from"].as_str()).unwrap_or_default()
    }

    fn ended_by_rst(&self) -> bool {
        self.ended_by().is_some_and(|packet| Record::flags(packet) & RST != 0)
    }

    fn ended_by_timer(&self) -> bool {
        self.end().is_some_and(|end| !end["cause"]["timer"].is_null())
    }

    fn destroyed(&self) -> bool {
        self.end().is_some_and(|end| end["cause"] == "destroyed")
    }

    fn ended_by_call(&self, name: &str) -> bool {
        self.end().is_some_and(|end| end["cause"]["call"]["name"] == name)
    }

    /// The outcomes on the same socket before this one.
    fn earlier(&self) -> impl Iterator<Item = &'a Value> {
        let (record, side, socket) = (self.record, self.side, self.record.socket(self.outcome));
        let outcomes = record.between(0, self.until()).filter(|line| line["kind"] == "outcome");
        outcomes.filter(move |line| line["side"] == side && record.socket(line) == socket)
    }

    /// Calls on the same socket that began before this one returned: of that name, and with that in their text.
    fn made(&self, name: &str, text: &str) -> bool {
        let of =
            |line: &&Value| line["side"] == self.side && self.record.socket(line) == self.record.socket(self.outcome);
        let mut calls = self.record.between(0, self.until()).filter(of);
        calls.any(|line| {
            line["kind"] == "call"
                && line["call"] != self.outcome["call"]
                && line["text"]
                    .as_str()
                    .is_some_and(|said| said.starts_with(name) && said.contains(text))
        })
    }

    fn shut(&self, direction: &str) -> bool {
        self.made("shutdown", direction) || self.made("shutdown", "SHUT_RDWR")
    }

    /// An error that an earlier call on the socket was told, since the connection ended.
    fn told(&self) -> bool {
        let end = self.end().map_or(0, no);
        let was_told = |line: &Value| {
            line["outcome"]["err"].is_number() || !line["outcome"]["ok"]["pending-error"]["error"].is_null()
        };
        self.earlier().any(|line| no(line) > end && was_told(line))
            || !self.record.waits_beside(self.outcome).is_empty()
    }

    /// What the system calls of an outcome say.
    fn traced(line: &Value) -> impl Iterator<Item = &str> {
        line["trace"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|call| call["text"].as_str())
    }

    /// How the option was set last, on the socket or on the listener that it came from.
    fn option(&self, name: &str) -> Option<&'a str> {
        let set = |line: &'a Value| {
            Self::traced(line)
                .filter(|text| text.contains(name) && text.ends_with("= 0"))
                .last()
        };
        let own = self.earlier().filter_map(set).last();
        let others = self.record.between(0, self.until());
        own.or_else(|| {
            others
                .filter(|line| line["kind"] == "outcome" && line["side"] == self.side)
                .filter_map(set)
                .last()
        })
    }

    /// Does O_NONBLOCK stand on the open file?
    fn is_nonblocking(&self) -> bool {
        let set = |line: &'a Value| Self::traced(line).filter(|text| text.contains("F_SETFL")).last();
        let own = self.earlier().filter_map(set).last();
        own.is_some_and(|text| text.contains("O_NONBLOCK"))
    }

    /// Where the handshake of the connection that accept gave was done.
    fn accepted_at(&self) -> Option<u64> {
        let peer = &self.outcome["outcome"]["ok"]["descriptor"]["peer"];
        let done = self
            .record
            .between(0, self.until())
            .filter(|line| line["kind"] == "state" && line["side"] == self.side);
        done.filter(|line| line["to"] == "ESTABLISHED" && line["tuple"]["peer"] == *peer)
            .last()
            .map(no)
    }

    /// The text of the call itself.
    fn has_flag(&self, flag: &str) -> bool {
        Self::traced(self.outcome).any(|text| text.contains(flag))
    }

    /// The newest change of a setting of the host.
    fn setting(&self, name: &str) -> Option<&'a Value> {
        let set = self
            .record
            .between(0, self.until())
            .filter(|line| line["kind"] == "host" && line["side"] == self.side);
        set.filter(|line| line["setting"] == name)
            .last()
            .map(|line| &line["value"])
    }

    /// The newest ICMP error that reached the host.
    fn icmp(&self) -> Option<&'a str> {
        let came = self
            .record
            .between(self.born, self.until())
            .filter(|line| Record::reached(self.side, line));
        came.filter_map(|line| line["packet"]["icmp"]["message"].as_str())
            .last()
    }

    /// What stood in the socket's queue when the call began: `rx_queue`, `tx_queue`.
    fn queue(&self, which: &str, after: bool) -> Option<u64> {
        self.record.row(self.outcome, self.side, self.pair, after)?[which].as_u64()
    }

    fn signalled(&self) -> bool {
        let mut calls = self.record.between(self.began, self.until());
        calls.any(|line| line["kind"] == "call" && line["text"].as_str().unwrap_or_default().starts_with("tgkill"))
    }

    /// Each phrase of the sentence that claims something, and whether it is so.
    pub fn claims(&self, sentence: &str) -> Vec<(&'static str, bool)> {
        let (born, began, until) = (self.born, self.began, self.until());
        let mut said = Vec::new();
        macro_rules! claims {
            ($($phrase:literal: $holds:expr;)*) => {
                $(if sentence.contains($phrase) {
                    said.push(($phrase, $holds));
                })*
            };
        }
        let gone = || {
            self.states(began, until)
                .any(|line| line["cause"]["call"]["call"] == self.outcome["call"])
        };
        let message = |phrase: &str| -> bool {
            let said = sentence.split_once(phrase).map_or("", |(_, said)| said);
            self.icmp().is_some_and(|message| said.starts_with(message))
        };
        // What left.
        claims! {
            "FIN sent": self.left(FIN, began, until) > 0;
            "and then RST": self.left(RST, began, until) > 0;
            "RST sent": self.left(RST, began, until) > 0;
            "The FIN is queued": self.left(FIN, began, until) == 0;
            "The FIN is deferred": self.left(FIN, began, until) == 0 && self.state(until) == "SYN_RECV";
            "did not leave": self.left(FIN | RST, began, until) == 0;
            "this host has no route to the peer": self.has_no_route();
            "queued behind data": self.queue("tx_queue", true).is_none_or(|bytes| bytes > 1);
            "without a segment": self.left(FIN | RST, began, until) == 0;
            "Nothing is sent": self.left(FIN | RST | SYN, began, until) == 0;
            "and nothing is sent": self.left(FIN | RST | SYN, began, until) == 0;
            "Nothing happens": self.left(FIN | RST | SYN, began, until) == 0 && !gone();
            "nothing changes": self.left(RST, began, until) == 0 && !gone();
            "This end's FIN was sent before": self.left(FIN, born, began) > 0;
            "This end has sent FIN": self.left(FIN, born, until) > 0;
            "this end's FIN had gone before": self.left(FIN, born, began) > 0;
            "has not left yet": self.left(FIN, born, until) == 0;
            "no SYN was sent": self.left(SYN, began, until) == 0;
            "its kernel answered with RST": self.ended_by().is_some_and(|packet| {
                packet["packet"]["tcp"]["len"].as_u64() > Some(0) && self.left(RST, no(packet), u64::MAX) > 0
            });
            "this end's kernel reset": self.ended_by().is_some_and(|packet| {
                packet["packet"]["tcp"]["len"].as_u64() > Some(0) && self.left(RST, no(packet), u64::MAX) > 0
            });
        }
        // What came, and what the kernel made of it.
        claims! {
            "answered with RST: it had": self.came_with(RST, began, until) && self.ended_by_rst();
            "its RST has ended the connection": self.ended_by_rst() && self.end().map(no) > Some(began);
            "n RST ended": self.ended_by_rst();
            "n RST from the peer ended": self.ended_by_rst() && self.end().map(no) > Some(began);
            "An RST came during the handshake": self.ended_by_rst() && self.ended_from() == "SYN_RECV";
            "An RST answered the SYN": self.ended_by_rst() && self.ended_from() == "SYN_SENT";
            "After the peer's FIN an RST came": self.ended_by_rst() && self.ended_from() == "CLOSE_WAIT";
            "The peer's FIN came before its RST": self.ended_by_rst() && self.fin_taken() < self.end().map(no);
            "peer's FIN": self.fin_taken().is_some() || sentence.contains("for the peer's FIN") || sentence.contains("After the peer's FIN");
            "The peer has ended its direction": self.fin_taken().is_some();
            "the peer's came before": self.fin_taken().is_some_and(|fin| fin < until);
            "oth FINs are acknowledged": matches!(self.state(until), "CLOSE" | "TIME_WAIT") && self.fin_taken().is_some();
            "oth FINs w": self.fin_taken().is_some() && self.left(FIN, born, until) > 0;
            "oth FINs are": self.fin_taken().is_some() && self.left(FIN, born, until) > 0;
            "and the peer has not": is_shut(self.state(until)) && self.fin_taken().is_none();
            "still reads the peer's bytes": self.fin_taken().is_none_or(|fin| fin > began);
            "its handshake was done while accept waited": self.accepted_at() > Some(began);
            "its handshake was done before accept": self.accepted_at() < Some(began);
            "The urgent byte, seen": self.came_with(URG, born, until) && self.has_flag("MSG_PEEK");
            "The urgent byte, taken": self.came_with(URG, born, until);
            "urgent byte, which was still missing": self.came_with(URG, born, until);
            "none has come": !self.came_with(URG, born, until);
            "An urgent byte was announced": self.came_with(URG, born, until);
            "was read already": self.came_with(URG, born, until);
            "an ordinary read passed": self.came_with(URG, born, until);
        }
        // ICMP.
        claims! {
            "ICMP host unreachable": message("ICMP ");
            "ICMP network unreachable": message("ICMP ");
            "ICMP port unreachable": message("ICMP ");
            "ICMP communication prohibited": message("ICMP ");
            "answered the SYN": self.ended_from() == "SYN_SENT" || sentence.contains("kernel answered the SYN");
            "came in the middle of the handshake": self.ended_from() == "SYN_RECV";
            "ended the attempt to connect at once": is_handshake(self.ended_from())
                && self.ended_by().is_some_and(|packet| packet["packet"]["icmp"].is_object());
            "is only noted": self.end().is_none();
            "the connection lives while": self.end().is_none();
        }
        // Timers and limits.
        claims! {
            "gave up on the peer": self.ended_by_timer();
            "keepalive probes were not answered": self.end().is_some_and(|end| end["cause"]["timer"] == "keepalive")
                && self.option("SO_KEEPALIVE").is_some_and(|set| set.contains("[1]"));
            "No answer to the SYN": is_handshake(self.state(until)) || self.ended_from() == "SYN_SENT";
            "nothing acknowledged our SYN,ACK": self.ended_by_timer() && self.ended_from() == "SYN_RECV";
            "TCP_USER_TIMEOUT (": self.option("TCP_USER_TIMEOUT")
                .is_some_and(|set| set.contains(&format!("[{}]", number(sentence, "TCP_USER_TIMEOUT ("))));
            "TCP_SYNCNT (": self.option("TCP_SYNCNT")
                .is_some_and(|set| set.contains(&format!("[{}]", number(sentence, "TCP_SYNCNT ("))));
            "tcp_retries2 (": self.is_set(sentence, "tcp_retries2", 15) && self.option("TCP_USER_TIMEOUT").is_none_or(|set| set.contains("[0]"));
            "tcp_syn_retries (": self.is_set(sentence, "tcp_syn_retries", 6);
            ", sent ": sentence.contains("sent once") && self.left(SYN, born, until) == 1
                || sentence.contains(&format!(", sent {} times", self.left(SYN, born, until)));
        }
        // Who forbids to wait, and what ended a wait.
        claims! {
            "MSG_DONTWAIT forbids": self.has_flag("MSG_DONTWAIT");
            "O_NONBLOCK forbids": self.is_nonblocking();
            "SO_RCVTIMEO ran out": !self.is_nonblocking() && self.option("SO_RCVTIMEO").is_some();
            "SO_SNDTIMEO ran out": !self.is_nonblocking() && self.option("SO_SNDTIMEO").is_some();
            "signal ended the wait": self.signalled();
            "SO_LINGER ran out": !self.signalled() && !matches!(self.state(until), "CLOSE" | "TIME_WAIT");
            "before everything, its FIN included, was acknowledged": matches!(self.state(until), "FIN_WAIT1" | "LAST_ACK" | "CLOSING");
            "Everything was acknowledged": matches!(self.state(until), "FIN_WAIT2" | "TIME_WAIT");
            "The handshake is not done": is_handshake(self.state(until));
            "the handshake is not done": is_handshake(self.state(until));
            "The handshake was not done": is_handshake(self.state(until));
            "The handshake is under way": self.was_in_handshake();
            "is still under way": self.was_in_handshake();
            "the kernel goes on trying in SYN_SENT": self.state(until) == "SYN_SENT";
            "The write waited for the handshake": is_handshake(self.state(began));
            "The send buffer": self.queue("tx_queue", false).is_none_or(|bytes| bytes > 0);
            "There is no byte": self.queue("rx_queue", false).is_none_or(|bytes| bytes == 0);
            "Nothing readable came": self.queue("rx_queue", true).is_none_or(|bytes| bytes == 0) || self.has_flag("MSG_WAITALL");
        }
        // Our own calls.
        claims! {
            "unread bytes were discarded": self.queue("rx_queue", false).is_none_or(|bytes| bytes > 0);
            "SO_LINGER with 0 seconds": self.option("SO_LINGER").is_some_and(|set| set.contains("l_onoff=1, l_linger=0"));
            "TCP_LINGER2 below 0": self.option("TCP_LINGER2").is_some_and(|set| set.contains("[-"));
            "still holds the socket": !gone();
            "ending direction was shut down before": is_shut(self.state(began)) || self.shut("SHUT_WR");
            "Both directions were shut down": is_shut(self.state(began)) && self.fin_taken().is_some();
            "ur own shutdown ended that direction": self.made("shutdown", "");
            "This end's shutdown ended the sending direction": self.shut("SHUT_WR");
            "its own shutdown is the reason": self.shut("SHUT_WR");
            "e shut reading down": self.shut("SHUT_RD");
            "Bytes that came before this end had shut both directions down": self.shut("SHUT_RD") && is_shut(self.state(until));
            "after we had shut both directions down": self.shut("SHUT_RD") && self.shut("SHUT_WR");
            "This end's disconnect": self.made("connect", "AF_UNSPEC");
            "this end's disconnect": self.made("connect", "AF_UNSPEC");
            "This end's shutdown": self.made("shutdown", "");
            "gave up the attempt while connect waited": is_handshake(self.state(began)) || self.state(began) == "CLOSE";
            "gave up the attempt to connect": self.ended_from() == "SYN_SENT" || self.ended_from() == "SYN_RECV";
            "dissolved the connection": !is_handshake(self.ended_from()) || sentence.contains("this call waited");
            "connect gave it": self.made("connect", "");
            "accept gave it": self.record.accepted(self.outcome, self.side, self.pair);
            "bind gave it": self.made("bind", "");
            "listen gave it": self.made("listen", "");
            "already reported": self.told();
            "an earlier call was told": self.told();
            "destroyed on this host": self.destroyed();
            "the connection was over already": self.end().is_some_and(|end| no(end) < began);
            "The connection was over already": self.end().is_some_and(|end| no(end) < began);
            "The connection is over": self.end().is_some_and(|end| !is_handshake(end["from"].as_str().unwrap_or_default()));
            "The attempt to connect failed": is_handshake(self.ended_from());
            "was no connection": self.states(0, began).all(|line| line["to"] == "CLOSE");
            "The attempt is given up": self.states(began, until).any(|line| line["from"] == "SYN_SENT" && line["to"] == "CLOSE")
                && (self.ended_by_call("close") || self.ended_by_call("shutdown") || self.ended_by_call("disconnect")
                    || self.ended_by_call("rst-close") || self.ended_by_call("linger-close"));
            "another call that waited takes its error": self.record.entries().any(|line| {
                line["outcome"]["err"].is_number() && no(line) > until && line["side"] == self.side
                    && self.record.socket(line) == self.record.socket(self.outcome)
            });
            "a call that waited gets the ECONNRESET": self.record.entries().any(|line| {
                line["outcome"]["err"] == 104 && no(line) > began && line["side"] == self.side
                    && self.record.socket(line) == self.record.socket(self.outcome)
            });
            "no urgent byte can come": self.has_flag("MSG_OOB") && self.came_with(URG, born, until);
            "The peer's kernel answered the SYN": self.came_with(SYN, born, until) && !is_handshake(self.state(until));
            "The handshake begun earlier is done": self.came_with(SYN, born, until) && self.state(began) != "CLOSE" && !is_handshake(self.state(until));
            "only its last ACK is missing": self.state(until) == "LAST_ACK";
            "over already, and": self.end().is_some();
            "an ECONNRESET waits": self.record.next_error(self.outcome).is_none_or(|errno| errno == 104);
            "this error is reported once": self.record.next_error(self.outcome).is_none_or(|errno| [0, 32, 107].contains(&errno));
            "asking took": self.record.next_error(self.outcome).is_none_or(|errno| [0, 32, 107].contains(&errno));
            "every later": self.record.next_error(self.outcome).is_none_or(|errno| errno == 0 || errno == 32);
            "The connection has failed": self.end().is_some_and(|end| !is_handshake(end["from"].as_str().unwrap_or_default()));
            "The error that ended the connection": !is_handshake(self.ended_from());
            "The attempt to connect has failed": is_handshake(self.ended_from());
            "that ended the attempt": is_handshake(self.ended_from());
            "then comes the error": self.record.next_error(self.outcome).is_none_or(|errno| errno != 0);
            "then read gives 0": self.record.next_error(self.outcome).is_none_or(|errno| errno == 0 || errno == 32);
            "no error waits": self.record.next_error(self.outcome).is_none_or(|errno| errno == 0 || errno == 32);
        }
        said
    }

    /// Was the handshake under way at some time during the call? What ended it may have come as it returned.
    fn was_in_handshake(&self) -> bool {
        let mut during = self.states(self.began, self.until());
        is_handshake(self.state(self.began))
            || is_handshake(self.state(self.until()))
            || during.any(|line| is_handshake(line["to"].as_str().unwrap_or_default()))
    }

    fn has_no_route(&self) -> bool {
        ["default_route", "device"]
            .iter()
            .any(|name| self.setting(name).is_some_and(|value| value["switch"] == false))
            || self.setting("device").is_some()
    }

    /// Is the setting's value the one that the sentence gives in brackets?
    fn is_set(&self, sentence: &str, name: &str, by_default: u64) -> bool {
        let value = self
            .setting(name)
            .map_or(Some(by_default), |value| value["number"].as_u64());
        value.is_some_and(|value| sentence.contains(&format!("{name} ({value})")))
    }
}

/// The number that follows those words.
fn number(sentence: &str, words: &str) -> String {
    let after = sentence.split_once(words).map_or("", |(_, after)| after);
    after.chars().take_while(char::is_ascii_digit).collect()
}
