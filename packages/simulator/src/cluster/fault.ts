interface OnInstance {
  /** Instance id. Default: the writer. */
  readonly instance?: string
}

/** The writer fails, a reader takes over; every step has its own delay. */
export interface FailoverFault {
  readonly type: 'failover'
  /**
   * How the old writer goes. `crash`: sockets are reset, connects refused. `hang`: it falls silent and
   * stays so until it returns. `planned`: it serves until the promotion, both instances restart then.
   * @default 'crash'
   */
  readonly how?: 'crash' | 'hang' | 'planned'
  /** The reader to promote. Default: the lowest tier, then the order of the instances. */
  readonly to?: string
  /** Aurora notices this long after the fault. @default timings.detectMs */
  readonly detectMs?: number
  /** The promotion follows this long after the fault. @default timings.promoteMs */
  readonly promoteMs?: number
  /** The cluster's names follow this long after the promotion. @default timings.dnsMs */
  readonly dnsMs?: number
  /** Other instances' copies of the topology follow this long after the promotion. @default timings.staleMs */
  readonly staleMs?: number
  /**
   * The old writer is back, as a reader, this long after the promotion; `Infinity`: never.
   * @default timings.returnMs
   */
  readonly returnMs?: number
  /** The promoted reader's connections are cut, as Aurora does. @default true */
  readonly restartPromoted?: boolean
}

/**
 * Everything that can be broken, by name. Each is undone by the function that `inject` resolves with.
 */
export type Fault =
  | FailoverFault
  /** The instance's process dies: sockets are reset, connects refused. */
  | ({
      readonly type: 'crash' /** Default: never. */
      readonly returnAfterMs?: number
    } & OnInstance)
  /** Silence: sockets stay open, nothing is read or answered, new connections are not greeted. */
  | ({ readonly type: 'hang' /** Default: never. */; readonly returnAfterMs?: number } & OnInstance)
  /** Open connections are reset, new ones served. */
  | ({ readonly type: 'reset' } & OnInstance)
  /** New connections are refused, open ones served. */
  | ({ readonly type: 'refuse' } & OnInstance)
  /** Every reply comes this much later. */
  | ({ readonly type: 'slow'; readonly delayMs: number } & OnInstance)
  /** Writer and reader change roles while all connections live. */
  | { readonly type: 'demote-in-place' /** The new writer. */; readonly to?: string }
  /** The instance restarts under its connections: open transactions are lost, the next statement told so. */
  | ({ readonly type: 'zero-downtime-restart' } & OnInstance)
  /** The instance's copy of the topology stays as it is. Default duration: until healed. */
  | ({ readonly type: 'stale-view'; readonly forMs?: number } & OnInstance)
  /** A reader (default: the first) is shown as a writer too, with the older time stamp. */
  | { readonly type: 'two-writers'; readonly instance?: string }
  /** No row says that it is the writer. */
  | { readonly type: 'no-writer' }
  /** A row for an instance that does not exist. */
  | {
      readonly type: 'ghost-row'
      /** @default 'ghost' */
      readonly serverId?: string
      /** The row's age. @default 0: as fresh as the others */
      readonly ageMs?: number
    }
  /** A reader reports this lag and (storage `mysqld`) shows its clients data that old. */
  | { readonly type: 'lag'; readonly instance?: string; readonly lagMs: number }
  /** Error 1040 for connections beyond this number. */
  | ({ readonly type: 'overload'; readonly maxConnections: number } & OnInstance)
  | {
      readonly type: 'reader-added'
      readonly id?: string
      readonly tier?: number
    }
  /** The instance is deleted: it shuts down and leaves the table and the names. */
  | { readonly type: 'reader-removed'; readonly instance: string }
  /** Questions for the topology are refused. */
  | ({
      readonly type: 'deny-topology' /** @default 1142 */
      readonly errno?: 1142 | 1227
    } & OnInstance)
  /** The topology's table has no rows. */
  | ({ readonly type: 'empty-topology' } & OnInstance)
  /** Every look-up of a name fails with EAI_AGAIN. */
  | { readonly type: 'dns-down' }

/** The names of the faults. */
export type FaultType = Fault['type']
