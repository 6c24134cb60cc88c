import type { Rule } from './rule.ts'
import { budget } from './rules/budget.ts'
import { damage } from './rules/damage.ts'
import { handler } from './rules/handler.ts'
import { imports } from './rules/imports.ts'
import { leftovers } from './rules/leftovers.ts'
import { nativeLibrariesRule } from './rules/native-libraries.ts'
import { permissions } from './rules/permissions.ts'
import { requirements } from './rules/requirements.ts'
import { runtimePolicy } from './rules/runtime-policy.ts'
import { sdk } from './rules/sdk.ts'
import { secrets } from './rules/secrets.ts'
import { services } from './rules/services.ts'
import { shadowing } from './rules/shadowing.ts'
import { size } from './rules/size.ts'
import { waste } from './rules/waste.ts'
import { zipFeatures } from './rules/zip-features.ts'

/** Every rule, in the order in which their findings matter to a person who reads from the top. */
// prettier-ignore
export const rules: readonly Rule[] = [
  zipFeatures, size, budget, handler, nativeLibrariesRule, imports, requirements, permissions, sdk, services, shadowing, leftovers, secrets, runtimePolicy, waste, damage,
]
