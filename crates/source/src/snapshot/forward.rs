//! Reads a database file that is read from front to back in long pieces.
//!
//! Promises: what SQLite gets is what its own reading would have given it; a read that does not follow
//! one before it stays as it was; nothing of a piece outlives the snapshot.
//!
//! SQLite asks the system for one page at a time, half a million times for 2 GB, and each call costs
//! about as much as the bytes. The messages of one person mostly lie behind each other: a piece of 64 KiB
//! then answers sixteen times from the processor's cache. SQLite works on the pages where they lie in the piece, as it
//! would on a mapped file (`xFetch`), so that they are not copied into its own cache either. Unlike a mapped file a piece
//! fails with an error, and not with a signal, when the file is cut off.
//!
//! A piece cannot go stale: within a read transaction the pages that SQLite takes from this file do not
//! change. What others commit goes to the write-ahead log, and a checkpoint may copy no frame out of it
//! that is younger than the oldest reader (<https://sqlite.org/wal.html#concurrency>).

#![expect(
    unsafe_code,
    reason = "SQLite hands its file out as a C struct with a table of functions"
)]

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};

use carryall_format::ReadBuffer;
use rusqlite::{Connection, ffi};

use crate::error::SourceError;

const PIECE_BYTES: i32 = 64 << 10;
/// In a damaged file SQLite may look past the end of a page; its own `xFetch` sees to as much room behind it.
const ROOM_BYTES: usize = 256;
/// Pages of so many pieces are in use at once: those of a table, of its index and of the levels above them.
const PIECES: usize = 8;
/// Reads of pages are no smaller, those of the file's header are.
const SMALLEST_PAGE_BYTES: i32 = 512;
/// The pages of a table, of its index and of long values come in turn, and between them those of the levels above.
const TRAILS: usize = 16;
/// A read that starts so many of its own lengths behind another one's end still follows it.
const GAP: i64 = 2;

/// A connection's file, with `xRead` and `xFetch` replaced for as long as this lives. Must go before the connection.
#[derive(Debug)]
pub(super) struct Forward {
    file: NonNull<ffi::sqlite3_file>,
    methods: NonNull<Methods>,
}

// SAFETY: it goes to another thread only together with its connection, which SQLite allows.
unsafe impl Send for Forward {}

/// What SQLite's file points to: its table of functions first, then what ours needs to know.
#[repr(C)]
struct Methods {
    table: ffi::sqlite3_io_methods,
    original: *const ffi::sqlite3_io_methods,
    trails: [Trail; TRAILS],
    pieces: [Piece; PIECES],
    /// Which piece is filled next, if none of its pages is in use.
    next: usize,
    /// A read failed: SQLite may end the transaction, and with it the promise that pages do not change.
    has_failed: bool,
}

/// Where no page is looked for.
const NOWHERE: i64 = i64::MAX;

/// A part of the file.
#[derive(Default)]
struct Piece {
    at: i64,
    /// Empty, or [`PIECE_BYTES`] and [`ROOM_BYTES`].
    bytes: ReadBuffer,
    /// How many of its pages SQLite is using.
    in_use: usize,
}

/// Reads that follow each other.
#[derive(Clone, Copy, Default)]
struct Trail {
    end: i64,
    length: usize,
}

impl Forward {
    /// `connection` is in a read transaction that lasts as long as the connection.
    pub(super) fn start(connection: &Connection) -> Result<Forward, SourceError> {
        let unknown = || SourceError::Sql {
            purpose: "open the database".to_owned(),
            detail: "SQLite does not say which file it reads".to_owned(),
        };
        let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
        // SAFETY: the handle is open; this question wants a pointer to a pointer to a file.
        let code = unsafe {
            ffi::sqlite3_file_control(
                connection.handle(),
                c"main".as_ptr(),
                ffi::SQLITE_FCNTL_FILE_POINTER,
                (&raw mut file).cast(),
            )
        };
        let file = NonNull::new(file)
            .filter(|_| code == ffi::SQLITE_OK)
            .ok_or_else(unknown)?;
        // SAFETY: the file is open, so its first field points to its functions.
        let original = unsafe { (*file.as_ptr()).pMethods };
        if original.is_null() {
            return Err(unknown());
        }
        // SAFETY: as above; the table is plain function pointers, and is copied.
        let table = unsafe { ptr::read(original) };
        let mut own = ffi::sqlite3_io_methods {
            xRead: Some(read),
            ..table
        };
        if own.iVersion >= 3 {
            own.xFetch = Some(fetch);
            own.xUnfetch = Some(unfetch);
            own.xFileControl = Some(control);
        }
        let methods = Box::new(Methods {
            table: own,
            original,
            trails: [Trail::default(); TRAILS],
            pieces: Default::default(),
            next: 0,
            has_failed: false,
        });
        let methods = NonNull::from(Box::leak(methods));
        // SAFETY: the table is `Methods`' first field, and stands until `drop` takes it out again.
        unsafe { (*file.as_ptr()).pMethods = methods.as_ptr().cast() };
        let forward = Forward { file, methods };
        // Only now does SQLite ask for pages where they lie: the number itself reaches nobody, see `control`.
        connection
            .execute_batch("PRAGMA main.mmap_size = 1073741824")
            .map_err(|_| unknown())?;
        Ok(forward)
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        // SAFETY: the connection, and so the file, is still open; after the first line nobody knows of
        // `methods` but this value, which made it from a box. No page is in use when no statement is; a piece of
        // which one were would stay.
        unsafe {
            (*self.file.as_ptr()).pMethods = self.methods.as_ref().original;
            let methods = Box::from_raw(self.methods.as_ptr());
            for piece in methods.pieces {
                if piece.in_use > 0 {
                    std::mem::forget(piece.bytes);
                }
            }
        }
    }
}

/// # Safety
/// `file` is one that `Forward::start` was given. A connection is used by one thread at a time, and the original
/// functions know nothing of `Methods`.
unsafe fn methods_of<'m>(file: *mut ffi::sqlite3_file) -> &'m mut Methods {
    // SAFETY: `file` points to our `Methods`.
    unsafe { &mut *(*file).pMethods.cast::<Methods>().cast_mut() }
}

/// SQLite's `xRead`: copies `amount` bytes from `at` on.
///
/// # Safety
/// `file` is one that `Forward::start` was given, and `to` has room for `amount` bytes.
unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    amount: c_int,
    at: i64,
) -> c_int {
    // SAFETY: the caller's promise; `to` is SQLite's own, not ours.
    unsafe {
        let methods = methods_of(file);
        if let Some((piece, start, length)) = methods.find_or_read(file, amount, at) {
            let page = &methods.pieces[piece].bytes[start..start + length];
            ptr::copy_nonoverlapping(page.as_ptr(), to.cast(), length);
            return ffi::SQLITE_OK;
        }
        let code = methods.read_original(file, to, amount, at);
        methods.has_failed |= code != ffi::SQLITE_OK;
        code
    }
}

/// SQLite's `xFetch`: where `amount` bytes from `at` on lie, until [`unfetch`]; null, if they are to be read.
///
/// # Safety
/// `file` is one that `Forward::start` was given, and `page` has room for a pointer.
unsafe extern "C" fn fetch(
    file: *mut ffi::sqlite3_file,
    at: i64,
    amount: c_int,
    page: *mut *mut c_void,
) -> c_int {
    // SAFETY: the caller's promise; SQLite writes to no page of a connection that may only read.
    unsafe {
        let methods = methods_of(file);
        *page = match methods.find_or_read(file, amount, at) {
            Some((piece, start, _)) => {
                let piece = &mut methods.pieces[piece];
                piece.in_use += 1;
                piece.bytes.as_mut_ptr().add(start).cast()
            }
            None => ptr::null_mut(),
        };
    }
    ffi::SQLITE_OK
}

/// SQLite's `xUnfetch`: a page is not used any more; null: none is, and what is known of the file is out of date.
///
/// # Safety
/// `file` is one that `Forward::start` was given, and `page` came from [`fetch`].
unsafe extern "C" fn unfetch(file: *mut ffi::sqlite3_file, _at: i64, page: *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    let methods = unsafe { methods_of(file) };
    for piece in &mut methods.pieces {
        if page.is_null() {
            piece.at = NOWHERE;
        } else if piece
            .bytes
            .as_ptr_range()
            .contains(&page.cast_const().cast())
        {
            piece.in_use = piece.in_use.saturating_sub(1);
        }
    }
    ffi::SQLITE_OK
}

/// SQLite's `xFileControl`. How much of the file may be mapped stays unsaid: nothing.
///
/// # Safety
/// `file` is one that `Forward::start` was given, and `argument` what `question` asks for.
unsafe extern "C" fn control(
    file: *mut ffi::sqlite3_file,
    question: c_int,
    argument: *mut c_void,
) -> c_int {
    if question == ffi::SQLITE_FCNTL_MMAP_SIZE {
        return ffi::SQLITE_OK;
    }
    // SAFETY: the caller's promise; the original table outlives the file.
    unsafe {
        let original = methods_of(file).original;
        (*original)
            .xFileControl
            .map_or(ffi::SQLITE_NOTFOUND, |ask| ask(file, question, argument))
    }
}

impl Methods {
    /// # Safety
    /// As for [`read`].
    unsafe fn read_original(
        &self,
        file: *mut ffi::sqlite3_file,
        to: *mut c_void,
        amount: c_int,
        at: i64,
    ) -> c_int {
        // SAFETY: the original table outlives the file, and every VFS has an `xRead`.
        unsafe {
            (*self.original)
                .xRead
                .map(|read| read(file, to, amount, at))
        }
        .unwrap_or(ffi::SQLITE_IOERR_READ)
    }

    /// The piece in which a page lies, where it starts there, and its length; none if it is to be read by itself.
    ///
    /// # Safety
    /// `file` is the one that these are the methods of.
    unsafe fn find_or_read(
        &mut self,
        file: *mut ffi::sqlite3_file,
        amount: c_int,
        at: i64,
    ) -> Option<(usize, usize, usize)> {
        if self.has_failed || !(SMALLEST_PAGE_BYTES..=PIECE_BYTES).contains(&amount) {
            return None;
        }
        let length = amount.unsigned_abs() as usize;
        let mut pieces = self.pieces.iter().enumerate();
        let found = pieces.find_map(|(index, piece)| Some((index, piece.start_of(at, length)?)));
        if let Some((index, start)) = found {
            return Some((index, start, length));
        }
        if !self.is_forward(at, amount) {
            return None;
        }
        let mut turn = (0..PIECES).map(|after| (self.next + after) % PIECES);
        let index = turn.find(|index| self.pieces[*index].in_use == 0)?;
        self.next = index + 1;
        let mut bytes = std::mem::take(&mut self.pieces[index].bytes);
        if bytes.is_empty() {
            bytes = ReadBuffer::new(PIECE_BYTES.unsigned_abs() as usize + ROOM_BYTES);
        }
        // SAFETY: there is room.
        let code = unsafe { self.read_original(file, bytes.as_mut_ptr().cast(), PIECE_BYTES, at) };
        // Also at the end of the file, where a piece is longer than what is left: page by page, then.
        if code != ffi::SQLITE_OK {
            return None;
        }
        self.pieces[index] = Piece {
            at,
            bytes,
            in_use: 0,
        };
        Some((index, 0, length))
    }

    /// Whether this read, which no piece answers, follows two that followed each other. One
    /// alone may be chance, and a piece for nothing costs as much as several pages.
    fn is_forward(&mut self, at: i64, amount: c_int) -> bool {
        let after = |bytes: c_int| at.saturating_add(i64::from(bytes));
        let reach = i64::from(amount) * GAP;
        // A page that is asked for again, or read because no piece has it, leads nowhere.
        let is_known = |trail: &Trail| trail.end == after(amount);
        let follows = |trail: &Trail| (0..=reach).contains(&at.saturating_sub(trail.end));
        let mut is_forward = false;
        let place = if let Some(place) = self.trails.iter().position(is_known) {
            place
        } else if let Some(place) = self.trails.iter().position(follows) {
            let trail = &mut self.trails[place];
            trail.length += 1;
            is_forward = trail.length > 2;
            trail.end = after(if is_forward { PIECE_BYTES } else { amount });
            place
        } else {
            let (end, length) = (after(amount), 1);
            self.trails[TRAILS - 1] = Trail { end, length };
            TRAILS - 1
        };
        // The one met longest ago is the last.
        self.trails[..=place].rotate_right(1);
        is_forward
    }
}

impl Piece {
    /// Where a page starts, if all of it is in here.
    fn start_of(&self, at: i64, length: usize) -> Option<usize> {
        let start = usize::try_from(at.checked_sub(self.at)?).ok()?;
        let with_room = start.checked_add(length + ROOM_BYTES)?;
        (with_room <= self.bytes.len()).then_some(start)
    }
}

#[cfg(test)]
mod tests;
