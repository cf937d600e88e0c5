//! Argon2's working memory on huge pages, where the system has them: fewer misses of the address cache, more hashes a
//! second. It is also kept out of core files.

use std::ops::{Deref, DerefMut};

use argon2::Block;

/// Zeroed blocks, on huge pages if possible.
pub(super) enum Memory {
    #[cfg(target_os = "linux")]
    Mapped(mapped::Blocks),
    Plain(Vec<Block>),
}

impl Memory {
    /// Memory for `count` blocks. Pages are taken from the system when they are first touched.
    pub(super) fn new(count: usize) -> Self {
        #[cfg(target_os = "linux")]
        if let Some(blocks) = mapped::Blocks::new(count) {
            return Self::Mapped(blocks);
        }
        Self::plain(count)
    }

    /// Memory from the allocator.
    pub(super) fn plain(count: usize) -> Self {
        Self::Plain(vec![Block::new(); count])
    }
}

impl Deref for Memory {
    type Target = [Block];

    fn deref(&self) -> &[Block] {
        match self {
            #[cfg(target_os = "linux")]
            Self::Mapped(blocks) => blocks,
            Self::Plain(blocks) => blocks,
        }
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [Block] {
        match self {
            #[cfg(target_os = "linux")]
            Self::Mapped(blocks) => blocks,
            Self::Plain(blocks) => blocks,
        }
    }
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "memory that is mapped by hand is the only way to huge pages")]
mod mapped {
    use std::ffi::c_void;
    use std::ops::{Deref, DerefMut};
    use std::ptr::{self, NonNull};
    use std::slice;

    use argon2::Block;
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    /// The huge page of `x86_64` and `aarch64`; elsewhere a wrong guess only costs address space.
    const HUGE_PAGE: usize = 2 << 20;

    /// A private mapping that holds `count` blocks from `first` on.
    pub(in super::super) struct Blocks {
        mapping: NonNull<c_void>,
        length: usize,
        first: NonNull<Block>,
        count: usize,
    }

    impl Blocks {
        /// `None` if the system refuses.
        pub(super) fn new(count: usize) -> Option<Self> {
            let size = count.checked_mul(size_of::<Block>())?.checked_next_multiple_of(HUGE_PAGE)?;
            let length = size.checked_add(HUGE_PAGE)?;
            // SAFETY: with a null address the kernel picks a range that nothing else uses.
            let mapping = unsafe {
                mmap_anonymous(
                    ptr::null_mut(),
                    length,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::NORESERVE,
                )
            };
            let mapping = NonNull::new(mapping.ok()?)?;
            let start = mapping.as_ptr().addr().checked_next_multiple_of(HUGE_PAGE)?;
            // SAFETY: the mapping is one huge page longer than `size`, so `size` bytes from its first huge page
            // boundary on lie inside it.
            let first = unsafe { mapping.byte_add(start - mapping.as_ptr().addr()) };
            let blocks = Self { mapping, length, first: first.cast(), count };
            for advice in [Advice::LinuxHugepage, Advice::LinuxDontDump] {
                // SAFETY: the range lies inside the mapping, and neither advice changes what can be read from it. One
                // that is refused (a kernel without huge pages) costs speed only.
                let _ = unsafe { madvise(first.as_ptr(), size, advice) };
            }
            Some(blocks)
        }
    }

    impl Deref for Blocks {
        type Target = [Block];

        fn deref(&self) -> &[Block] {
            // SAFETY: `first` is aligned to a huge page, hence for `Block`; `count` blocks lie inside the mapping,
            // which lives as long as `self` and is reached by nobody else. The kernel fills it with zeros, and any bytes
            // are a `Block`, an array of integers.
            unsafe { slice::from_raw_parts(self.first.as_ptr(), self.count) }
        }
    }

    impl DerefMut for Blocks {
        fn deref_mut(&mut self) -> &mut [Block] {
            // SAFETY: as above, and `&mut self` makes this the only reference.
            unsafe { slice::from_raw_parts_mut(self.first.as_ptr(), self.count) }
        }
    }

    impl Drop for Blocks {
        fn drop(&mut self) {
            // SAFETY: exactly what `new` mapped, and `&mut self` shows that no reference into it is left.
            let _ = unsafe { munmap(self.mapping.as_ptr(), self.length) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_zeroed_and_ours() {
        for mut memory in [Memory::new(19_456), Memory::plain(19_456), Memory::new(8)] {
            let count = memory.len();
            assert!(memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));

            memory.last_mut().unwrap().as_mut()[127] = 7;

            assert_eq!(memory[count - 1].as_ref()[127], 7);
        }
    }
}
