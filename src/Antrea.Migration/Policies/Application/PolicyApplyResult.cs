using System.Collections.Immutable;

namespace Antrea.Migration.Policies.Application;

/// <summary>What an application of policies did.</summary>
/// <param name="Applied">Every object wanted, in the order applied, as <c>Kind/namespace/name</c> or <c>Kind/name</c>. Those that were there
/// already, unchanged, are among them.</param>
/// <param name="Removed">Objects of an earlier application that are no longer wanted.</param>
public sealed record PolicyApplyResult(ImmutableArray<string> Applied, ImmutableArray<string> Removed);
