import { slimReason } from '../../audit/slimmable.ts'
import type { Slimming } from './lay-out-wheel.ts'

/** What `--slim safe` leaves out of a wheel: see `slimReason`. */
export const safeSlimming: Slimming = slimReason
