//! The places among an endpoint's words at which its system calls belong, as strace prints them.
//!
//! An endpoint's words are written by system calls too, and so are printed with the others, in the order in which all were made. But what
//! strace prints comes by another way than the words themselves: a word may be heard before its line, or after it.

use std::collections::{HashSet, VecDeque};

use crate::strace::{Printed, Word};
use finwait_model::call::CallId;
use finwait_model::syscall::Syscall;

/// System calls that strace has printed of an endpoint and that were not reported yet, and which words were heard before their lines.
#[derive(Debug, Default)]
pub(super) struct SyscallOrder {
    printed: VecDeque<Printed>,
    early: HashSet<(Word, CallId)>,
}

impl SyscallOrder {
    /// strace has printed these.
    pub(super) fn printed(&mut self, lines: Vec<Printed>) {
        self.printed.extend(lines);
    }

    /// A word was heard: the calls before it. All of those have been printed by now, for strace prints a call before the program goes on.
    pub(super) fn heard(&mut self, word: Word, id: CallId) -> Vec<Syscall> {
        let said = Printed::Said(word, id);
        match self.printed.iter().position(|line| *line == said) {
            Some(place) => self.printed.drain(..=place).filter_map(call).collect(),
            None => {
                let calls = self.so_far();
                self.early.insert((word, id));
                calls
            }
        }
    }

    /// The calls up to the next word that has not been heard.
    pub(super) fn so_far(&mut self) -> Vec<Syscall> {
        let mut calls = Vec::new();
        while let Some(line) = self.printed.pop_front() {
            match line {
                Printed::Call(made) => calls.push(made),
                Printed::Said(word, id) => {
                    if !self.early.remove(&(word, id)) {
                        self.printed.push_front(line);
                        break;
                    }
                }
            }
        }
        calls
    }
}

fn call(line: Printed) -> Option<Syscall> {
    match line {
        Printed::Call(made) => Some(made),
        Printed::Said(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn made(text: &str) -> Printed {
        Printed::Call(Syscall::parse(text, None, Duration::ZERO))
    }

    fn texts(calls: Vec<Syscall>) -> Vec<String> {
        calls.into_iter().map(|made| made.to_string()).collect()
    }

    const BEGAN: Printed = Printed::Said(Word::Began, CallId(1));
    const ENDED: Printed = Printed::Said(Word::Ended, CallId(1));

    #[test]
    fn calls_wait_for_the_word_that_came_before_them() {
        let mut order = SyscallOrder::default();
        order.printed(vec![made("read"), BEGAN, made("write")]);
        assert_eq!(texts(order.so_far()), ["read"]);
        assert_eq!(texts(order.so_far()), [""; 0]);
        assert_eq!(texts(order.heard(Word::Began, CallId(1))), [""; 0]);
        assert_eq!(texts(order.so_far()), ["write"]);
    }

    #[test]
    fn a_word_may_be_heard_before_its_line() {
        let mut order = SyscallOrder::default();
        assert!(order.heard(Word::Began, CallId(1)).is_empty());
        order.printed(vec![BEGAN, made("write")]);
        assert_eq!(texts(order.heard(Word::Ended, CallId(1))), ["write"]);
        order.printed(vec![ENDED, made("read")]);
        assert_eq!(texts(order.so_far()), ["read"]);
        assert!(order.printed.is_empty() && order.early.is_empty());
    }

    #[test]
    fn words_heard_together_part_the_calls_between_them() {
        let mut order = SyscallOrder::default();
        order.printed(vec![BEGAN, made("write"), ENDED, made("read")]);
        assert!(order.heard(Word::Began, CallId(1)).is_empty());
        assert_eq!(texts(order.heard(Word::Ended, CallId(1))), ["write"]);
        assert_eq!(texts(order.so_far()), ["read"]);
    }
}
