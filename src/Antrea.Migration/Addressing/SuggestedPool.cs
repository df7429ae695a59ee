using System.Collections.Immutable;

namespace Antrea.Migration.Addressing;

/// <summary>A range for a new IPPool that shares no address with anything known.</summary>
/// <param name="Cidr">The range.</param>
/// <param name="BlockSize">Prefix length of its blocks: that of the pool it replaces.</param>
/// <param name="Replaces">The name of that pool; null when Calico's addresses are in no pool.</param>
/// <param name="Needed">How many addresses the Pods need, counted in whole blocks, head-room included; the range has at least as many.</param>
/// <param name="Reasons">Why this range and why this large, one sentence each.</param>
public sealed record SuggestedPool(Cidr Cidr, int BlockSize, string? Replaces, UInt128 Needed, ImmutableArray<string> Reasons);
