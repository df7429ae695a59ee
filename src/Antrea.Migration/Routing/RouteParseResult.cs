using System.Collections.Immutable;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing;

/// <summary>What <see cref="RouteParser"/> read.</summary>
/// <param name="Routes">The routes, in the order of the input; those that could not be read are left out.</param>
/// <param name="Findings">What was odd, in the order of the input: one finding a line and kind, with the line's number
/// in its subject.</param>
public sealed record RouteParseResult(ImmutableArray<Route> Routes, ImmutableArray<Finding> Findings);
