//! What the system knows of this process.

use std::mem::MaybeUninit;
use std::time::Duration;

/// Page faults that needed no disk.
pub fn page_faults() -> i64 {
    usage().ru_minflt
}

/// How often something else got the processor while this process could have used it.
pub fn preemptions() -> i64 {
    usage().ru_nivcsw
}

/// Seconds of the processor that this process has used, the kernel's work for it included.
pub fn processor_time() -> f64 {
    let usage = usage();
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The time that the processor has worked for this thread.
pub fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one `timespec` to where the pointer says, which has room for it.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0, "the kernel knows this thread");
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

fn usage() -> libc::rusage {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the kernel writes one `rusage` to where the pointer says, which has room for it.
    let failed = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    assert_eq!(failed, 0, "the kernel knows this process");
    // SAFETY: it was zeroed, which is a value of it, and then written by the kernel.
    unsafe { usage.assume_init() }
}
