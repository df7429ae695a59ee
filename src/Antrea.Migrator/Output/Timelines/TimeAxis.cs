using System.Globalization;
using Antrea.Migrator.Output.Pictures;

namespace Antrea.Migrator.Output.Timelines;

/// <summary>Maps the time of a run to places from left to right.</summary>
internal sealed class TimeAxis(TimeSpan elapsed, Span across)
{
    private const int MostTicks = 13;

    /// <summary>In seconds.</summary>
    private static readonly double[] Steps =
        [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];

    private readonly double _seconds = Math.Max(elapsed.TotalSeconds, 0.001);

    public Span Across => across;

    public double At(TimeSpan time) => across.Left + (Math.Clamp(time.TotalSeconds / _seconds, 0, 1) * across.Width);

    public Span Of(TimeSpan start, TimeSpan end) => new(At(start), At(end));

    /// <summary>Round times with what to write below them.</summary>
    public IEnumerable<(double X, string Label)> Ticks()
    {
        var step = Steps.FirstOrDefault(s => _seconds / s < MostTicks, Steps[^1] * Math.Ceiling(_seconds / MostTicks / Steps[^1]));
        for (var i = 0; i * step <= _seconds; i++)
        {
            yield return (At(TimeSpan.FromSeconds(i * step)), Label(i * step));
        }
    }

    private string Label(double seconds)
    {
        var time = TimeSpan.FromSeconds(seconds);
        return _seconds < 120 ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###} s")
            : _seconds < 3600 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}:{time.Seconds:00}")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}");
    }
}
