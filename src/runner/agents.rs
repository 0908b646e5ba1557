use std::cell::RefCell;
use std::collections::BTreeSet;

use tokio::sync::{Semaphore, SemaphorePermit};

/// The agents of this machine: each runs one job at a time, in a work folder of its own.
#[derive(Debug)]
pub(crate) struct AgentPool {
    permits: Semaphore,
    /// Numbers of idle agents.
    idle: RefCell<BTreeSet<usize>>,
}

/// An agent that runs a job; idle again when dropped.
#[derive(Debug)]
pub(crate) struct Agent<'p> {
    /// From 1.
    pub(crate) number: usize,
    pool: &'p AgentPool,
    _permit: SemaphorePermit<'p>,
}

impl AgentPool {
    /// A pool of `count` agents, at least one.
    pub(crate) fn new(count: usize) -> Self {
        let count = count.max(1);
        Self { permits: Semaphore::new(count), idle: RefCell::new((1..=count).collect()) }
    }

    /// Waits for an idle agent, in order of asking; the lowest number first, so that a workspace is used again.
    pub(crate) async fn acquire(&self) -> Option<Agent<'_>> {
        let permit = self.permits.acquire().await.ok()?;
        let number = self.idle.borrow_mut().pop_first()?;
        Some(Agent { number, pool: self, _permit: permit })
    }
}

impl Agent<'_> {
    /// Name as jobs see it.
    pub(crate) fn name(&self) -> String {
        format!("slipway-{}", self.number)
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        self.pool.idle.borrow_mut().insert(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_lowest_idle_agent_is_taken() {
        let pool = AgentPool::new(2);
        let first = pool.acquire().await.unwrap();
        let second = pool.acquire().await.unwrap();
        assert_eq!((first.number, second.number), (1, 2));
        assert!(pool.permits.try_acquire().is_err());
        drop(first);
        assert_eq!(pool.acquire().await.unwrap().number, 1);
        assert_eq!(AgentPool::new(0).acquire().await.unwrap().number, 1);
    }
}
