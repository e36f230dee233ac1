/** A secret of the vault that workers may have for fetching images. */
export interface RegistrySecret {
  readonly name: string;
  /** Absent: workers of every pool. */
  readonly pool?: string;
}
