using System.Collections.Immutable;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing;

/// <summary>What <see cref="RouteParser"/> read.</summary>
/// <param name="Routes">The routes, in the order of the input; those that could not be read are left out.</param>
/// <param name="Findings">What was odd, in the order of the input: one finding a line and kind, with <c>LINE:COLUMN</c>,
/// or the entry's number in brackets, in its subject.</param>
public sealed record RouteParseResult(ImmutableArray<Route> Routes, ImmutableArray<Finding> Findings)
{
    /// <summary>The rules, in the order of the input; empty when the input has none.</summary>
    public ImmutableArray<RouteRule> Rules { get; init; } = [];
}
