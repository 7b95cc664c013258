//! Which keys of a JSON column leave, as a tree that is walked along with the text.
//!
//! Promises: an allow-list, so a key that no path names is not kept. Where several paths fit a value,
//! the one that names its keys counts before one with `*`; at the same path, withheld counts before
//! kept; and what is withheld stays withheld as a whole inside a path that takes everything.

use std::collections::BTreeMap;

use crate::encode;
use crate::json_path::{JsonPath, Step};

/// What is done with the values that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// They leave.
    Keep,
    /// They leave with everything below them, as with a path that ends in `*`.
    KeepAll,
    /// They stay, and nobody is told, for the export says so in its header.
    Withhold,
}

/// The rules of one JSON column.
#[derive(Debug, Clone)]
pub struct KeyFilter {
    nodes: Vec<Node>,
    root: NodeId,
}

pub type NodeId = usize;

/// Everything here was named by nobody.
pub const UNMAPPED: NodeId = 0;
/// Everything here leaves.
const KEEP_ALL: NodeId = 1;
/// Everything here stays.
pub const WITHHOLD_ALL: NodeId = 2;
/// Scalars here leave, lists of them too.
const KEEP_LEAF: NodeId = 3;
/// Scalars here stay, lists of them too.
const WITHHOLD_LEAF: NodeId = 4;

/// What happens to a scalar, or to something empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaf {
    Keep,
    Withhold,
}

/// What is known about the values at one place.
#[derive(Debug, Clone)]
pub struct Node {
    /// What happens to a scalar here.
    pub leaf: Option<Leaf>,
    /// What happens to null and to an empty list or object here, which count as the leaf or as the
    /// container, whichever was named.
    pub empty: Option<Leaf>,
    /// What is known about the elements of a list here.
    pub elements: NodeId,
    /// By the key as it is written in the file, sorted.
    keys: Vec<(Box<[u8]>, NodeId)>,
    other_keys: NodeId,
    /// Whether something below can leave.
    keeps: bool,
}

impl KeyFilter {
    /// A filter that follows these rules.
    pub fn new(rules: impl IntoIterator<Item = (JsonPath, Rule)>) -> KeyFilter {
        let mut named = Named::default();
        for (path, rule) in rules {
            named.add(&path, rule);
        }
        let mut filter = KeyFilter {
            nodes: fixed_nodes(),
            root: UNMAPPED,
        };
        filter.root = filter.build(&[&named], None, None);
        filter
    }

    /// A filter that keeps everything.
    pub fn everything() -> KeyFilter {
        KeyFilter {
            nodes: fixed_nodes(),
            root: KEEP_ALL,
        }
    }

    /// What is known about the whole value.
    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    /// The node with this id.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// What is known about the value of a key, given as it is written in the file; and whether a path
    /// shows the key by its name, and not as `*`.
    pub(crate) fn child(&self, id: NodeId, key: &[u8]) -> (NodeId, bool) {
        let node = &self.nodes[id];
        match node.keys.binary_search_by(|(name, _)| (**name).cmp(key)) {
            Ok(at) => (node.keys[at].1, true),
            Err(_) => (node.other_keys, node.other_keys == UNMAPPED),
        }
    }

    /// Makes the node for a place at which all of `places` stand, the most specific first, inside a
    /// path that takes everything (`blanket`), or as an element of a list that is a leaf (`in_list`).
    fn build(&mut self, places: &[&Named], blanket: Option<Leaf>, in_list: Option<Leaf>) -> NodeId {
        if places.is_empty() {
            return match (blanket, in_list) {
                (Some(Leaf::Keep), _) => KEEP_ALL,
                (Some(Leaf::Withhold), _) => WITHHOLD_ALL,
                (None, Some(Leaf::Keep)) => KEEP_LEAF,
                (None, Some(Leaf::Withhold)) => WITHHOLD_LEAF,
                (None, None) => UNMAPPED,
            };
        }
        let own_leaf = places.iter().find_map(|place| place.leaf).or(in_list);
        let own_blanket = places.iter().find_map(|place| place.below);
        let withheld_here = own_leaf == Some(Leaf::Withhold);
        let outer = if withheld_here {
            blanket.and(Some(Leaf::Withhold))
        } else {
            blanket
        };
        let below = own_blanket.or(outer);
        let stars: Vec<&Named> = places
            .iter()
            .filter_map(|place| place.any_key.as_deref())
            .collect();
        let lists: Vec<&Named> = places
            .iter()
            .filter_map(|place| place.elements.as_deref())
            .collect();
        let keys = self.build_keys(places, below);
        let other_keys = self.build(&stars, below, None);
        let elements = self.build(&lists, below, own_leaf);
        let children = keys.iter().map(|&(_, id)| id).chain([other_keys, elements]);
        let leaf = own_leaf.or(below);
        let keeps = leaf == Some(Leaf::Keep) || children.into_iter().any(|id| self.nodes[id].keeps);
        // Made only for places that a path goes through, so what is empty here is accounted for.
        let empty = leaf.or(Some(if keeps { Leaf::Keep } else { Leaf::Withhold }));
        let is_named =
            leaf.is_some() || other_keys != UNMAPPED || elements != UNMAPPED || !keys.is_empty();
        let empty = empty.filter(|_| is_named);
        self.nodes.push(Node {
            leaf,
            empty,
            elements,
            keys,
            other_keys,
            keeps,
        });
        self.nodes.len() - 1
    }

    fn build_keys(&mut self, places: &[&Named], below: Option<Leaf>) -> Vec<(Box<[u8]>, NodeId)> {
        let mut keys: Vec<(Box<[u8]>, NodeId)> = Vec::new();
        for name in places.iter().flat_map(|place| place.keys.keys()) {
            let mut written = Vec::new();
            encode::text(&mut written, name.as_bytes());
            if keys.iter().any(|(key, _)| **key == *written) {
                continue;
            }
            let inner: Vec<&Named> = places
                .iter()
                .flat_map(|place| [place.keys.get(name), place.any_key.as_deref()])
                .flatten()
                .collect();
            let id = self.build(&inner, below, None);
            keys.push((written.into(), id));
        }
        keys.sort();
        keys
    }
}

fn fixed_nodes() -> Vec<Node> {
    let node = |leaf: Option<Leaf>, elements, other_keys| Node {
        leaf,
        empty: leaf,
        elements,
        keys: Vec::new(),
        other_keys,
        keeps: leaf == Some(Leaf::Keep),
    };
    vec![
        node(None, UNMAPPED, UNMAPPED),
        node(Some(Leaf::Keep), KEEP_ALL, KEEP_ALL),
        node(Some(Leaf::Withhold), WITHHOLD_ALL, WITHHOLD_ALL),
        node(Some(Leaf::Keep), KEEP_LEAF, UNMAPPED),
        node(Some(Leaf::Withhold), WITHHOLD_LEAF, UNMAPPED),
    ]
}

/// The paths as they were given, step by step.
#[derive(Debug, Default)]
struct Named {
    leaf: Option<Leaf>,
    /// Set where a path ends in `*`.
    below: Option<Leaf>,
    keys: BTreeMap<Box<str>, Named>,
    any_key: Option<Box<Named>>,
    elements: Option<Box<Named>>,
}

impl Named {
    fn add(&mut self, path: &JsonPath, rule: Rule) {
        let mut steps = path.steps();
        let mut takes_all = rule == Rule::KeepAll;
        if let [before @ .., Step::AnyKey] = steps {
            (steps, takes_all) = (before, true);
        }
        // A leaf may be a list, so `tags` and `tags[]` say the same.
        while let ([before @ .., Step::Elements], false) = (steps, takes_all) {
            steps = before;
        }
        let mut place = self;
        for step in steps {
            place = match step {
                Step::Key(key) => place.keys.entry(key.clone()).or_default(),
                Step::AnyKey => place.any_key.get_or_insert_default(),
                Step::Elements => place.elements.get_or_insert_default(),
            };
        }
        let slot = if takes_all {
            &mut place.below
        } else {
            &mut place.leaf
        };
        if rule == Rule::Withhold {
            *slot = Some(Leaf::Withhold);
        } else {
            slot.get_or_insert(Leaf::Keep);
        }
    }
}
