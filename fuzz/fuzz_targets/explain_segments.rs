//! Any segments between two ends, as a capture: what bytes at random seldom are.
#![no_main]

use libfuzzer_sys::fuzz_target;

mod captured;

/// The bytes that make a segment.
const RECIPE: usize = 8;

fuzz_target!(|recipes: &[u8]| {
    let mut pcap: Vec<u8> = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let mut time: u64 = 1_700_000_000_000_000;
    let mut numbers = [1000_u32, 0xffff_fff0];
    for recipe in recipes.as_chunks::<RECIPE>().0 {
        packet(recipe, &mut time, &mut numbers, &mut pcap);
    }
    captured::explain(&pcap);
});

/// Adds a packet: `[end and port, flags, what its number is, the number, length, window, time, options]`.
fn packet(recipe: &[u8; RECIPE], time: &mut u64, numbers: &mut [u32; 2], pcap: &mut Vec<u8>) {
    let [end, flags, what, number, len, window, later, options] = *recipe;
    let from = usize::from(end & 1);
    let ports = [40_000 + u16::from(end >> 6), 80];
    let hosts = [[10, 0, 0, 1], [10, 0, 0, 2]];
    // Seconds, or microseconds.
    *time = time.wrapping_add(u64::from(later) * if later > 200 { 1_000_000 } else { 37 });
    let off = u32::from(number).wrapping_sub(128);
    let seq = match what & 3 {
        0 => numbers[from],
        1 => numbers[from].wrapping_add(off),
        2 => numbers[from].wrapping_add(off << 8),
        _ => u32::from_be_bytes([number, len, window, later]),
    };
    let ack = match what >> 2 & 3 {
        0 => numbers[1 - from],
        1 => numbers[1 - from].wrapping_add(off),
        2 => 0,
        _ => u32::from_be_bytes([later, window, len, number]),
    };
    let len = u16::from(len) * u16::from(what >> 4 & 3);
    let syn_and_fin = u32::from(flags & 1) + u32::from(flags >> 1 & 1);
    if what & 3 == 0 {
        numbers[from] = seq.wrapping_add(u32::from(len) + syn_and_fin);
    }
    let options: &[u8] = match options & 3 {
        0 => &[],
        1 => &[2, 4, 5, 0xb4, 1, 3, 3, options >> 4],
        2 => &[1, 1, 8, 10, 0, 0, 0, options, 0, 0, 0, 0],
        _ => &[5, options, 0, 0],
    };
    let total = 40 + options.len() as u16 + len;
    for word in [(*time / 1_000_000) as u32, (*time % 1_000_000) as u32, u32::from(total), u32::from(total)] {
        pcap.extend(word.to_le_bytes());
    }
    pcap.extend([0x45, 0]);
    pcap.extend(total.to_be_bytes());
    pcap.extend([later, number, 0x40, 0, 64, 6, 0, 0]);
    pcap.extend(hosts[from]);
    pcap.extend(hosts[1 - from]);
    pcap.extend(ports[from].to_be_bytes());
    pcap.extend(ports[1 - from].to_be_bytes());
    pcap.extend(seq.to_be_bytes());
    pcap.extend(ack.to_be_bytes());
    pcap.extend([(5 + options.len() as u8 / 4) << 4, flags, window, window, 0, 0, 0, 0]);
    pcap.extend_from_slice(options);
    pcap.resize(pcap.len() + usize::from(len), b'x');
}
