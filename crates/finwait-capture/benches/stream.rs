//! How fast a capture is read, and in how much memory: `cargo bench -p finwait-capture`. A gigabyte is made while it is read, so no disk is
//! measured; with a number after `--`, so many megabytes.

use std::io::{self, Read};
use std::time::Instant;

use finwait_capture::flow::{Limits, Table};
use finwait_capture::reader::Reader;

/// A capture that is made while it is read: of each connection the handshake, data, its acknowledgements and the end.
struct Made {
    left: u64,
    buffer: Vec<u8>,
    at: usize,
    connection: u32,
    step: u32,
    /// Segments of data in each connection.
    data: u32,
    /// Connections that are open at a time: beyond that, each waits for the ones before.
    time: u64,
}

impl Made {
    fn new(bytes: u64, data: u32) -> Made {
        let header = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101];
        Made {
            left: bytes,
            buffer: header.iter().flat_map(|word| word.to_le_bytes()).collect(),
            at: 0,
            connection: 0,
            step: 0,
            data,
            time: 1_700_000_000_000_000,
        }
    }

    fn packet(&mut self) {
        const SYN: u8 = 2;
        const ACK: u8 = 16;
        const FIN: u8 = 1;
        let (step, data) = (self.step, self.data);
        let sent = |n: u32| 1001 + n * 1448;
        let (client, flags, seq, ack, len) = match step {
            0 => (true, SYN, 1000, 0, 0),
            1 => (false, SYN | ACK, 5000, 1001, 0),
            2 => (true, ACK, 1001, 5001, 0),
            n if n < 3 + 2 * data && n % 2 == 1 => (true, ACK, sent((n - 3) / 2), 5001, 1448),
            n if n < 3 + 2 * data => (false, ACK, 5001, sent((n - 2) / 2), 0),
            n if n == 3 + 2 * data => (true, FIN | ACK, sent(data), 5001, 0),
            n if n == 4 + 2 * data => (false, FIN | ACK, 5001, sent(data) + 1, 0),
            _ => (true, ACK, sent(data) + 1, 5002, 0),
        };
        self.time += 50;
        let total = 40 + len;
        self.buffer.clear();
        self.at = 0;
        for word in [
            (self.time / 1_000_000) as u32,
            (self.time % 1_000_000) as u32,
            total,
            total,
        ] {
            self.buffer.extend(word.to_le_bytes());
        }
        let [a, b, c, d] = self.connection.to_be_bytes();
        let ends = [([10, a, b, c], 1024 + u16::from(d)), ([10, 255, 0, 1], 443)];
        let (source, destination) = if client { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
        self.buffer.extend([0x45, 0]);
        self.buffer.extend((total as u16).to_be_bytes());
        self.buffer.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        self.buffer.extend(source.0);
        self.buffer.extend(destination.0);
        self.buffer.extend(source.1.to_be_bytes());
        self.buffer.extend(destination.1.to_be_bytes());
        self.buffer.extend(seq.to_be_bytes());
        self.buffer.extend(ack.to_be_bytes());
        self.buffer.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        self.buffer.resize(self.buffer.len() + len as usize, b'x');
        self.step += 1;
        if self.step == 6 + 2 * data {
            (self.step, self.connection) = (0, self.connection + 1);
        }
    }
}

impl Read for Made {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < to.len() {
            if self.at == self.buffer.len() {
                if self.left == 0 {
                    break;
                }
                self.packet();
                self.left = self.left.saturating_sub(self.buffer.len() as u64);
            }
            let count = (to.len() - done).min(self.buffer.len() - self.at);
            to[done..done + count].copy_from_slice(&self.buffer[self.at..self.at + count]);
            done += count;
            self.at += count;
        }
        Ok(done)
    }
}

/// The most memory that this process has had, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}

fn main() {
    let megabytes: u64 = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(1000);
    for (name, data) in [
        ("bulk, 2,000 segments a connection", 1000),
        ("short connections of 8 segments", 1),
        ("handshakes and ends alone", 0),
    ] {
        let bytes = megabytes * 1_000_000;
        let mut making = Made::new(bytes, data);
        let began = Instant::now();
        io::copy(&mut making, &mut io::sink()).expect("it is made");
        let making = began.elapsed();
        let began = Instant::now();
        let mut reader = Reader::new(Made::new(bytes, data)).expect("it is a capture");
        let mut table = Table::new(Limits {
            told: 40,
            ..Limits::default()
        });
        while let Some(packet) = reader.packet().expect("it is there") {
            table.packet(&packet);
        }
        let (_, totals) = table.end();
        let took = began.elapsed().saturating_sub(making);
        let packets = reader.facts().packets;
        println!(
            "{name}: {:.0} MB/s, {:.2} million packets/s, {} connections, peak {} MB",
            megabytes as f64 / took.as_secs_f64(),
            packets as f64 / took.as_secs_f64() / 1e6,
            totals.connections,
            peak()
        );
    }
}
