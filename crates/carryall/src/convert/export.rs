//! The export file as a stream of records.

use carryall_format::original::Original;
use carryall_format::read::each_record;

use super::Item;

/// An export that was found sound.
pub struct Export {
    original: Original,
}

impl Export {
    /// Reads this, from its start, as often as asked.
    pub fn of(original: &Original) -> Export {
        Export {
            original: original.clone(),
        }
    }

    /// Shows each value to `visit`, in file order.
    pub fn each(
        &self,
        visit: &mut dyn FnMut(&Item<'_>) -> anyhow::Result<()>,
        advanced: &mut dyn FnMut(u64),
    ) -> anyhow::Result<()> {
        each_record(
            &self.original,
            &mut |part, text| visit(&Item { part, text }),
            advanced,
        )
    }
}
