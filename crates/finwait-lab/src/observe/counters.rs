//! The counters of a host's TCP and IP: `/proc/net/netstat` and `/proc/net/snmp`, on a host with IPv6 `/proc/net/snmp6`, and what has moved
//! in them.

use rustix::io::pread;
use std::fs::File;

use crate::error::{Operation, Result};
use finwait_model::call::Family;
use finwait_model::counter::{CounterName, MovedCounters};

/// The groups that are read; what a lab's hosts have nothing to do with (UDP, MPTCP) is left out.
const GROUPS: [&str; 5] = ["TcpExt", "IpExt", "Tcp", "Ip", "Icmp"];
/// Columns that count nothing: settings, and the number of connections that there are.
const NO_COUNTERS: [&str; 7] = [
    "TcpRtoAlgorithm",
    "TcpRtoMin",
    "TcpRtoMax",
    "TcpMaxConn",
    "TcpCurrEstab",
    "IpForwarding",
    "IpDefaultTTL",
];
/// The beginnings of the names in `snmp6` that are read, those of IPv6 and its ICMP; the file has them before all others.
const IPV6_GROUPS: [&[u8]; 2] = [b"Ip6", b"Icmp6"];
/// ICMP messages by number, which are counted by name as well. A line of theirs comes when the first such message does.
const BY_NUMBER: [&[u8]; 2] = [b"Icmp6InType", b"Icmp6OutType"];
/// Room for a file, which the kernel hands out in one piece where there is enough of it: several times what one takes.
const ROOM: usize = 16 * 1024;

/// A host's counters. Its descriptors see the network namespace that they were opened in, from whichever thread they are read.
#[derive(Debug)]
pub struct Counters {
    files: [CounterFile; 2],
    ipv6: Option<CounterLines>,
    text: Vec<u8>,
}

/// A file that has its counters in groups.
#[derive(Debug)]
struct CounterFile {
    path: &'static str,
    file: File,
    /// The groups as they were last read, in the file's order.
    groups: Vec<Group>,
}

/// A group of counters: two lines of the file, one with the names and one with the values.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    name: &'static str,
    /// The line of names; what moves is looked up there.
    header: Vec<u8>,
    values: Vec<u64>,
}

/// `snmp6`, which has a line for each counter: its name and its value.
#[derive(Debug)]
struct CounterLines {
    file: File,
    counters: Vec<CounterLine>,
}

/// A counter of `snmp6`, and its value as it was last read.
#[derive(Debug, PartialEq, Eq)]
struct CounterLine {
    name: Vec<u8>,
    value: u64,
}

/// The file of IPv6.
const SNMP6: &str = "/proc/thread-self/net/snmp6";

impl Counters {
    /// Opens the files of the calling thread's network namespace, whose counters all stand at 0: it is as new as the lab. Those of IPv6 only
    /// where the lab is of that family: in another, nothing that it does moves them.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) without procfs.
    pub fn open(family: Family) -> Result<Counters> {
        let open = |path: &'static str| File::open(path).during(|| format!("open {path}"));
        let grouped = |path: &'static str| -> Result<CounterFile> {
            Ok(CounterFile {
                path,
                file: open(path)?,
                groups: Vec::new(),
            })
        };
        let ipv6 = match family {
            Family::Inet => None,
            Family::Inet6 => Some(CounterLines {
                file: open(SNMP6)?,
                counters: Vec::new(),
            }),
        };
        Ok(Counters {
            files: [
                grouped("/proc/thread-self/net/netstat")?,
                grouped("/proc/thread-self/net/snmp")?,
            ],
            ipv6,
            text: Vec::new(),
        })
    }

    /// Reads them, and returns what has moved since the last time.
    ///
    /// # Errors
    ///
    /// [`Error::Os`](crate::Error::Os) where a file could not be read.
    pub fn moved(&mut self) -> Result<MovedCounters> {
        let mut moved = Vec::new();
        self.text.resize(ROOM, 0);
        for CounterFile { path, file, groups } in &mut self.files {
            let len = pread(&*file, &mut *self.text, 0).during(|| format!("read {path}"))?;
            take_in(&self.text[..len], groups, &mut moved);
        }
        if let Some(CounterLines { file, counters }) = &mut self.ipv6 {
            let len = pread(&*file, &mut *self.text, 0).during(|| format!("read {SNMP6}"))?;
            take_in_lines(&self.text[..len], counters, &mut moved);
        }
        Ok(moved.into_iter().collect())
    }
}

/// Takes in a file as it is now; adds what has moved since the last time. What is no counter, or no number, is passed over.
fn take_in(text: &[u8], groups: &mut Vec<Group>, moved: &mut Vec<(CounterName, u64)>) {
    let mut lines = text.split(|byte| *byte == b'\n');
    let mut place = 0;
    while let (Some(header), Some(values)) = (lines.next(), lines.next()) {
        let Some(name) = GROUPS.iter().find(|group| is_of(header, group)) else {
            continue;
        };
        if groups.get(place).is_none_or(|group| group.header != header) {
            groups.truncate(place);
            groups.push(Group::new(name, header));
        }
        groups[place].read(values, moved);
        place += 1;
    }
}

/// Takes in `snmp6` as it is now; adds what has moved since the last time.
fn take_in_lines(text: &[u8], counters: &mut Vec<CounterLine>, moved: &mut Vec<(CounterName, u64)>) {
    let lines = text.split(|byte| *byte == b'\n');
    let lines = lines.take_while(|line| IPV6_GROUPS.iter().any(|group| line.starts_with(group)));
    let read = lines
        .filter(|line| !BY_NUMBER.iter().any(|name| line.starts_with(name)))
        .filter_map(|line| {
            let end = line.iter().position(u8::is_ascii_whitespace)?;
            let (name, value) = line.split_at(end);
            Some((name, number(value.trim_ascii())?))
        });
    for (place, (name, now)) in read.enumerate() {
        if counters.get(place).is_none_or(|counter| counter.name != name) {
            counters.truncate(place);
            counters.push(CounterLine {
                name: name.to_vec(),
                value: 0,
            });
        }
        let by = now.wrapping_sub(std::mem::replace(&mut counters[place].value, now));
        if by > 0 {
            moved.push((CounterName::new(&String::from_utf8_lossy(name)), by));
        }
    }
}

/// Returns whether that is a line of the group.
fn is_of(line: &[u8], group: &str) -> bool {
    line.strip_prefix(group.as_bytes())
        .is_some_and(|rest| rest.starts_with(b":"))
}

/// The columns of a line, after the group's name.
fn columns(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b' ').skip(1)
}

impl Group {
    /// A group of which nothing has been counted so far.
    fn new(name: &'static str, header: &[u8]) -> Group {
        Group {
            name,
            header: header.to_vec(),
            values: vec![0; columns(header).count()],
        }
    }

    /// Takes in the values.
    fn read(&mut self, line: &[u8], moved: &mut Vec<(CounterName, u64)>) {
        let counters = columns(&self.header).zip(&mut self.values);
        for ((column, value), now) in counters.zip(columns(line)) {
            let Some(now) = number(now) else { continue };
            // A counter of 32 bits in the kernel of such a machine begins anew at 0 (`unsigned long`).
            let by = now.wrapping_sub(*value);
            *value = now;
            if by > 0 {
                let name = CounterName::of_column(self.name, &String::from_utf8_lossy(column));
                moved.extend(Some((name, by)).filter(|(name, _)| !NO_COUNTERS.contains(&name.nstat())));
            }
        }
    }
}

fn number(column: &[u8]) -> Option<u64> {
    let digit = |number: u64, digit: &u8| {
        let digit = (*digit as char).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    };
    (!column.is_empty()).then(|| column.iter().try_fold(0, digit))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SNMP: &str = "Ip: Forwarding DefaultTTL InReceives\nIp: 2 64 3\nUdp: InDatagrams\nUdp: 7\n\
                        Tcp: RtoAlgorithm MaxConn CurrEstab InSegs OutRsts\nTcp: 1 -1 2 3 0\n";

    fn read(texts: &[&str]) -> Vec<String> {
        let mut groups = Vec::new();
        let read = |text: &&str| {
            let mut moved = Vec::new();
            take_in(text.as_bytes(), &mut groups, &mut moved);
            moved.into_iter().collect::<MovedCounters>().listed(|_| true)
        };
        texts.iter().map(read).collect()
    }

    #[test]
    fn what_counts_is_told_apart_from_settings_and_other_protocols() {
        assert_eq!(read(&[SNMP]), ["IpInReceives 3, TcpInSegs 3"]);
    }

    #[test]
    fn only_what_has_moved_since_the_last_time_is_told() {
        let later = SNMP.replace("1 -1 2 3 0", "1 -1 2 5 1");
        assert_eq!(
            read(&[SNMP, SNMP, &later, &later])[1..],
            ["", "TcpInSegs 2, TcpOutRsts 1", ""]
        );
    }

    /// A module that comes while the lab runs adds its lines; another kernel has other columns.
    #[test]
    fn a_line_that_has_other_columns_is_read_anew() {
        let other = "Icmp: InMsgs\nIcmp: 1\nIp: InReceives\nIp: 3\n";
        assert_eq!(read(&[SNMP, other])[1], "IcmpInMsgs 1, IpInReceives 3");
    }

    #[test]
    fn the_kernels_own_files_are_read() {
        let mut counters = Counters::open(Family::Inet6).unwrap();
        let moved = counters.moved().unwrap();
        assert!(moved.by("TcpActiveOpens") > 0 || moved.by("IpInReceives") > 0 || moved.is_empty());
        let names: usize = counters
            .files
            .iter()
            .flat_map(|file| &file.groups)
            .map(|group| group.values.len())
            .sum();
        assert!(names > 150, "{names}");
        let ipv6 = counters.ipv6.unwrap().counters;
        assert!(ipv6.len() > 50, "{ipv6:?}");
        assert!(
            ipv6.iter().any(|counter| counter.name == b"Icmp6OutMLDv2Reports"),
            "{ipv6:?}"
        );
    }

    const SNMP6_TEXT: &str = "Ip6InReceives                   \t3\nIcmp6InMsgs                     \t1\n\
                              Icmp6InType1                    \t1\nUdp6InDatagrams                 \t7\n";

    #[test]
    fn of_ipv6_what_has_moved_is_told_by_name_and_no_other_protocol() {
        let mut counters = Vec::new();
        let mut read = |text: &str| {
            let mut moved = Vec::new();
            take_in_lines(text.as_bytes(), &mut counters, &mut moved);
            moved.into_iter().collect::<MovedCounters>().listed(|_| true)
        };
        assert_eq!(read(SNMP6_TEXT), "Ip6InReceives 3, Icmp6InMsgs 1");
        assert_eq!(read(SNMP6_TEXT), "");
        // A message of another kind has a line more.
        let later = SNMP6_TEXT.replace("Icmp6InType1 ", "Icmp6InType135\t1\nIcmp6InType1 ");
        assert_eq!(read(&later.replace("\t3", "\t5")), "Ip6InReceives 2");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reading_panic(text in "(Tcp: |Ip: |[ -~\n]){0,40}", again in "(Tcp: |[0-9 \n]){0,40}") {
            read(&[&text, SNMP, &again, &text]);
        }

        #[test]
        fn no_lines_make_the_reading_panic(text in "(Ip6|Icmp6|[ -~\t\n]){0,40}", again in "(Ip6[A-Z \t]|[0-9\n]){0,40}") {
            let mut counters = Vec::new();
            for text in [&text, SNMP6_TEXT, &again, &text] {
                take_in_lines(text.as_bytes(), &mut counters, &mut Vec::new());
            }
        }
    }
}
