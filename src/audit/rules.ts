import type { Rule } from './rule.ts'
import { handler } from './rules/handler.ts'
import { imports } from './rules/imports.ts'
import { nativeLibrariesRule } from './rules/native-libraries.ts'
import { permissions } from './rules/permissions.ts'
import { size } from './rules/size.ts'
import { zipFeatures } from './rules/zip-features.ts'

/** Every rule, in the order in which their findings matter to a person who reads from the top. */
export const rules: readonly Rule[] = [zipFeatures, size, handler, nativeLibrariesRule, imports, permissions]
