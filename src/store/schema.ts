/** The tables of the catalog, put together from what each domain declares. */
import type { AccessTables } from './tables/access.ts'
import type { EventTables } from './tables/events.ts'
import type { FunctionTables } from './tables/functions.ts'
import type { LogGroupTables } from './tables/logs.ts'
import type { ObjectTables } from './tables/objects.ts'

export interface Schema extends FunctionTables, ObjectTables, LogGroupTables, AccessTables, EventTables {}
