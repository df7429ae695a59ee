using System.Collections.Immutable;
using Antrea.Migrator.Output.Pictures;

namespace Antrea.Migrator.Output.Timelines;

/// <summary>The phases of a run as bands with their names, and below them when Pods were restarted on which Nodes.</summary>
internal sealed class PhaseBands(Timeline timeline, TimeAxis axis)
{
    private const double BandHeight = 22;
    private const double NodesHeight = 7;

    private readonly ImmutableArray<Phase> _phases = Merged(timeline);

    /// <summary>Phases of the same name that follow one another are one.</summary>
    public static ImmutableArray<Phase> Merged(Timeline timeline)
    {
        var merged = ImmutableArray.CreateBuilder<Phase>();
        for (var i = 0; i < timeline.Phases.Length; i++)
        {
            var (phase, end) = (timeline.Phases[i], i + 1 < timeline.Phases.Length ? timeline.Phases[i + 1].Start : timeline.Elapsed);
            if (merged.Count > 0 && merged[^1].Name == phase.Name)
            {
                merged[^1] = merged[^1] with { End = end };
            }
            else if (phase.Name.Length > 0)
            {
                merged.Add(new Phase(phase.Name, phase.Start, end));
            }
        }

        return merged.ToImmutable();
    }

    /// <summary>Adds the bands below <paramref name="top"/>.</summary>
    /// <returns>Where they end.</returns>
    public double AddTo(List<PicturePart> parts, double top)
    {
        if (_phases.IsEmpty)
        {
            return top;
        }

        for (var i = 0; i < _phases.Length; i++)
        {
            var phase = _phases[i];
            var across = axis.Of(phase.Start, phase.End).AtLeast(1, axis.Across);
            parts.Add(new PictureBox(
                $"phase{i % TimelineStyle.PhaseColours}", across, top, BandHeight,
                $"{phase.Name}, from {OutageWords.Offset(phase.Start)} for {OutageWords.Span(phase.End - phase.Start)}"));
            if (PictureText.WidthOf(phase.Name) + 6 < across.Width)
            {
                parts.Add(new PictureText("number", across.Middle, top + 15, phase.Name, IsCentered: true));
            }
        }

        top += BandHeight + 2;
        if (!timeline.Phases.Any(p => p.Nodes.Length > 0))
        {
            return top + 4;
        }

        foreach (var (across, nodes) in Restarts())
        {
            parts.Add(new PictureBox("nodes", across, top, NodesHeight, $"Pods restarted on {string.Join(", ", nodes)}"));
        }

        return top + NodesHeight + 4;
    }

    /// <summary>Where one phase ends and the next begins.</summary>
    public ImmutableArray<double> Edges => [.. _phases.Skip(1).Select(p => axis.At(p.Start)).Where(x => x > axis.Across.Left + 1)];

    /// <summary>Stretches less than a pixel wide or apart are one.</summary>
    private List<(Span Across, SortedSet<string> Nodes)> Restarts()
    {
        List<(Span Across, SortedSet<string> Nodes)> restarts = [];
        for (var i = 0; i < timeline.Phases.Length; i++)
        {
            var phase = timeline.Phases[i];
            if (phase.Nodes.Length == 0)
            {
                continue;
            }

            var across = axis.Of(phase.Start, i + 1 < timeline.Phases.Length ? timeline.Phases[i + 1].Start : timeline.Elapsed);
            var names = phase.Nodes.Split(", ");
            if (restarts is [.., var last] && (across.Left - last.Across.Right < 0.5) && (across.Width < 1 || last.Across.Width < 1))
            {
                last.Nodes.UnionWith(names);
                restarts[^1] = (last.Across.With(across), last.Nodes);
            }
            else
            {
                restarts.Add((across, new SortedSet<string>(names, StringComparer.Ordinal)));
            }
        }

        // A thin gap tells neighbours apart.
        return [.. restarts.Select(r => (r.Across with { Right = r.Across.Right - (r.Across.Width > 3 ? 1 : 0) }).AtLeast(1, axis.Across)).Zip(restarts.Select(r => r.Nodes))];
    }

    /// <summary>One phase, with times since the start of the run.</summary>
    internal sealed record Phase(string Name, TimeSpan Start, TimeSpan End);
}
