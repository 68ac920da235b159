//! What the programs here share: medians, rows for the table, an allocator that counts.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    fmt::Display,
    hint::black_box,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

/// The system's allocator, with a count of what it is asked for.
#[derive(Debug)]
pub struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came; counting touches no memory of its clients.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`, and all memory is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How many allocations there were so far, growth of a block counted as one.
#[must_use]
pub fn allocations() -> usize {
    ALLOCATIONS.load(Ordering::Relaxed)
}

/// How many bytes are allocated now.
#[must_use]
pub fn live_bytes() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// How many bytes more are allocated now than there were.
#[must_use]
pub fn growth_since(live: usize) -> f64 {
    let signed = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    i32::try_from(signed(live_bytes()) - signed(live)).map_or(f64::INFINITY, f64::from)
}

/// What one call costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Nanoseconds: the median of many batches.
    pub nanoseconds: f64,
    /// Allocations, on average.
    pub allocations: f64,
}

/// Measures a call in 51 batches of `batch`.
pub fn cost<T>(batch: u32, mut call: impl FnMut() -> T) -> Cost {
    for _ in 0..batch {
        black_box(call());
    }
    let (mut times, mut calls) = (Vec::with_capacity(51), 0.0);
    let before = allocations();
    for _ in 0..51 {
        let start = Instant::now();
        for _ in 0..batch {
            black_box(call());
        }
        times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(batch));
        calls += f64::from(batch);
    }
    let made = u32::try_from(allocations() - before).map_or(f64::INFINITY, f64::from);
    Cost {
        nanoseconds: median(times),
        allocations: made / calls,
    }
}

/// The value in the middle.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Prints a row as benches/run.py reads it: a figure with nothing to compare it with.
pub fn row(figure: &str, unit: &str, value: f64, aim: impl Display) {
    println!("{figure}\t{unit}\t{value:.2}\t-\t\t{aim}");
}
