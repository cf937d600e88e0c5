//! What the machine's processors did: for whom, and how much of it was not for the bench.

use std::fs::read_to_string;
use std::time::Duration;

/// The unit of `/proc`'s times on Linux, whatever the kernel's own tick.
const TICK: Duration = Duration::from_millis(10);

/// Processor time that process `pid` has used, all its threads together.
pub(crate) fn cpu_of(pid: u32) -> Duration {
    let stat = read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in brackets, may hold blanks.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    ticks(fields.split_whitespace().skip(11).take(2))
}

/// Processor time that all processes together have used, and the hypervisor has taken away.
fn cpu_of_all() -> Duration {
    let stat = read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8).collect();
    // user nice system idle iowait irq softirq steal
    ticks([0, 1, 2, 5, 6, 7].iter().filter_map(|at| fields.get(*at).copied()))
}

fn ticks<'a>(fields: impl Iterator<Item = &'a str>) -> Duration {
    TICK * fields.filter_map(|field| field.parse::<u32>().ok()).sum()
}

/// A stretch of time in which it is watched who uses the processors.
pub(crate) struct Watch {
    pids: Vec<u32>,
    start: std::time::Instant,
    ours: Vec<Duration>,
    all: Duration,
}

/// What a [`Watch`] saw.
pub(crate) struct Use {
    /// Processor time of each watched process.
    pub(crate) ours: Vec<Duration>,
    /// Share of all processors that went to everybody else.
    pub(crate) others: f64,
}

impl Watch {
    /// Watches the bench itself and the processes `pids`; the bench comes first.
    pub(crate) fn start(pids: &[u32]) -> Self {
        let pids = [&[std::process::id()], pids].concat();
        let ours = pids.iter().map(|pid| cpu_of(*pid)).collect();
        Self { pids, start: std::time::Instant::now(), ours, all: cpu_of_all() }
    }

    pub(crate) fn stop(self) -> Use {
        let all = cpu_of_all().saturating_sub(self.all);
        let spent = |(pid, before): (&u32, &Duration)| cpu_of(*pid).saturating_sub(*before);
        let ours: Vec<Duration> = self.pids.iter().zip(&self.ours).map(spent).collect();
        let others = all.saturating_sub(ours.iter().sum()).as_secs_f64();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let whole = self.start.elapsed().as_secs_f64() * f64::from(u32::try_from(cores).unwrap_or(1));
        Use { ours, others: others / whole }
    }
}
