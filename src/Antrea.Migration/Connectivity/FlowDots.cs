using System.Collections.Immutable;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migration.Connectivity;

/// <summary>Single requests of one flow, evenly thinned where they were many.</summary>
/// <param name="Flow">Which one.</param>
/// <param name="Dots">By the time they were sent, since the start of the watch. Compared by reference in equality.</param>
public sealed record FlowDots(FlowName Flow, ImmutableArray<LoadDot> Dots);
