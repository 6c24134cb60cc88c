/**
 * The uv that Zipyard takes when the machine has none: its wheels on the package index, by file name, with their SHA-256.
 *
 * Read from the index's page of the project `uv` on 2026-11-22. A wheel of uv holds one executable, in `.data/scripts`.
 */
export const pinnedUv = {
  version: '0.13.9',
  wheels: [
    {
      filename: 'uv-0.13.9-py3-none-macosx_10_12_x86_64.whl',
      sha256: 'c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5',
      sizeBytes: 17529974,
    },
    {
      filename: 'uv-0.13.9-py3-none-macosx_11_0_arm64.whl',
      sha256: '66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63',
      sizeBytes: 14660755,
    },
    {
      filename: 'uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl',
      sha256: '5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe',
      sizeBytes: 18026789,
    },
    {
      filename: 'uv-0.13.9-py3-none-manylinux_2_17_armv7l.manylinux2014_armv7l.musllinux_1_1_armv7l.whl',
      sha256: '7ec1e1dd9b6cb335c301afdf877989df384227313981850755a59561f75e4ab8',
      sizeBytes: 17917014,
    },
    {
      filename: 'uv-0.13.9-py3-none-manylinux_2_17_i686.manylinux2014_i686.whl',
      sha256: 'db5c8df7145c21ffea9c0f74e38823bac3af60cbadf0e26b8633f08627b17bab',
      sizeBytes: 18837089,
    },
    {
      filename: 'uv-0.13.9-py3-none-manylinux_2_17_ppc64le.manylinux2014_ppc64le.whl',
      sha256: 'c5dbdb7c8737cd183a9dce95b39cfd1f3d54ec2a27a1bb58f160293f9ba2c805',
      sizeBytes: 20059600,
    },
    {
      filename: 'uv-0.13.9-py3-none-manylinux_2_17_s390x.manylinux2014_s390x.whl',
      sha256: 'a6e845f387e4ed55bb59342957a9179e24a631fcc7668bda3426ae1cef8ed4b9',
      sizeBytes: 19708388,
    },
    {
      filename: 'uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
      sha256: 'd7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19',
      sizeBytes: 17606939,
    },
    {
      filename: 'uv-0.13.9-py3-none-manylinux_2_28_aarch64.whl',
      sha256: 'ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375',
      sizeBytes: 16864124,
    },
    {
      filename: 'uv-0.13.9-py3-none-manylinux_2_31_riscv64.musllinux_1_1_riscv64.whl',
      sha256: '6d5114bba238adddacb32fb11904f2b3ff4e988f8e9ff0d8d3b5e9822cf836b8',
      sizeBytes: 18085314,
    },
    {
      filename: 'uv-0.13.9-py3-none-musllinux_1_1_i686.whl',
      sha256: 'a2ee66fe8b6608e1482ab1bde5799da04705c1cb40324c7f66054ecf46ae6e40',
      sizeBytes: 18038845,
    },
    {
      filename: 'uv-0.13.9-py3-none-musllinux_1_1_x86_64.whl',
      sha256: '2c45530751517d6c3bbc69a19473f6effe47cce047bede01ffd8af7ea7b36b25',
      sizeBytes: 19295638,
    },
    {
      filename: 'uv-0.13.9-py3-none-win_amd64.whl',
      sha256: '6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b',
      sizeBytes: 15662317,
    },
    {
      filename: 'uv-0.13.9-py3-none-win_arm64.whl',
      sha256: 'eeb92051c2123b9730c46b04cc843cfa4bc7d7b0aec56df431a2215ef4cb0273',
      sizeBytes: 15841844,
    },
  ],
} as const

/** The first uv that writes `pylock.toml`. Source: its changelog; 0.6.15 was run. */
export const oldestUv = '0.6.15'

/** The wheel for a machine, or `undefined` where uv has none. Pure. */
export function uvWheelFor(machine: {
  readonly platform: NodeJS.Platform
  readonly arch: string
  /** A Linux whose C library is not glibc. */
  readonly isMusl: boolean
}): (typeof pinnedUv.wheels)[number] | undefined {
  const arch =
    ({ x64: 'x86_64', arm64: 'aarch64', ia32: 'i686', arm: 'armv7l', ppc64: 'ppc64le' } as Record<string, string>)[
      machine.arch
    ] ?? machine.arch
  const endings: Partial<Record<NodeJS.Platform, readonly string[]>> = {
    linux: machine.isMusl
      ? [`musllinux_1_1_${arch}.whl`]
      : [`manylinux2014_${arch}.whl`, `manylinux2014_${arch}.musllinux_1_1_${arch}.whl`, `musllinux_1_1_${arch}.whl`],
    darwin: [machine.arch === 'arm64' ? 'macosx_11_0_arm64.whl' : 'macosx_10_12_x86_64.whl'],
    win32: [machine.arch === 'arm64' ? 'win_arm64.whl' : 'win_amd64.whl'],
  }
  for (const ending of endings[machine.platform] ?? []) {
    const wheel = pinnedUv.wheels.find(({ filename }) => filename.endsWith(ending))
    if (wheel) return wheel
  }
  return undefined
}
