//! How cost grows with size: each thing at several sizes, and the exponent, which is 1 where it is linear.
//!
//! `cargo bench --bench growth` measures all, and with names those that begin with them; as root, for the lab.

mod log;
mod scenario;
mod sockets;
mod transcript;

use std::time::Instant;

/// How often each size is measured; the least counts, for nothing makes work less.
const ROUNDS: usize = 3;

/// All of them.
const ALL: [Growth; 9] = [
    scenario::SEGMENTS,
    scenario::STEPS,
    sockets::CONNECT,
    sockets::JSON,
    sockets::CLOSE,
    sockets::HOLD,
    log::FEW_ERRORS,
    log::ALL_ERRORS,
    transcript::FRAME,
];

/// Something whose cost depends on a size.
struct Growth {
    /// The name, and what the sizes count.
    name: &'static str,
    unit: &'static str,
    /// The sizes, each larger than the one before.
    sizes: &'static [u64],
    /// Does the work at one size and returns its seconds, without those that prepare it.
    cost: fn(u64) -> f64,
}

fn main() {
    let asked: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let is_asked =
        |growth: &Growth| asked.is_empty() || asked.iter().any(|name| growth.name.starts_with(name.as_str()));
    for growth in ALL.into_iter().filter(is_asked) {
        growth.print();
    }
}

impl Growth {
    fn print(&self) {
        println!("{}", self.name);
        let mut points = Vec::new();
        for &size in self.sizes {
            let seconds = (0..ROUNDS).map(|_| (self.cost)(size)).fold(f64::INFINITY, f64::min);
            println!("    {size:>10} {:<12}{:>12.3} ms", self.unit, seconds * 1e3);
            points.push((size as f64, seconds));
        }
        println!("    exponent {:.2}\n", exponent(&points));
    }
}

/// Returns the slope of the line that fits the logarithms of size and cost best.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logarithms: Vec<(f64, f64)> = points.iter().map(|(size, cost)| (size.ln(), cost.ln())).collect();
    let count = logarithms.len() as f64;
    let (sum_x, sum_y) = logarithms
        .iter()
        .fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let rise: f64 = logarithms.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let run: f64 = logarithms.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    rise / run
}

/// Returns the seconds that `work` takes.
fn seconds(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64()
}
