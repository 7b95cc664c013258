//! What the allocator gives back.
//!
//! Promises: the memory of a server does not grow with the exports that it has built. Exports, their
//! readers and their writers run on threads of their own, and glibc gives threads heaps of their own, up
//! to eight for each processor (mallopt(3), `M_ARENA_MAX`); what an export's buffers leave behind stays
//! in each. After 1,000 exports of 3,000 messages a server held 54 MiB. With one heap it held 36 MiB, and
//! 20 MiB when large blocks are the system's own: that limit (`M_MMAP_THRESHOLD`) otherwise rises by
//! itself to the size of the largest block freed, up to 32 MiB.
//!
//! For a server, for an import, and for an extract, whose threads come one after the other (60 to 69 MiB without, 57 to 67 with
//! them). Not for `carryall verify`: it allocates the lines of file contents as it goes, and their pages,
//! asked for anew each time, made it take 1.9 s instead of 1.7 s for 3 GB.
#![expect(unsafe_code, reason = "glibc is told through mallopt(3)")]

/// From this size on a block is the system's own, and goes back to it when it is freed: below the
/// buffers that exports travel in, above nearly all else.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_PAGES_FROM_BYTES: libc::c_int = 256 << 10;

/// One heap for all threads, and large blocks beside it. To be called before there are threads.
pub fn keep_one_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    for (parameter, value) in [
        (libc::M_ARENA_MAX, 1),
        (libc::M_MMAP_THRESHOLD, OWN_PAGES_FROM_BYTES),
    ] {
        // SAFETY: takes two numbers, and touches the allocator's own settings under its own lock. If it
        // refuses them, it goes on as before.
        unsafe { libc::mallopt(parameter, value) };
    }
}
