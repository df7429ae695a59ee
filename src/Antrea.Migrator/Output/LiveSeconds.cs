using System.Globalization;
using Antrea.Migration.Connectivity.Load;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Antrea.Migrator.Output;

/// <summary>The last seconds of a run that goes on, as a table to be drawn anew each second.</summary>
internal sealed class LiveSeconds
{
    /// <summary>How many seconds are seen at once.</summary>
    public const int Most = 10;

    private readonly Queue<LoadSecond> _last = [];
    private long _success;
    private long _failure;
    private long _notSent;

    /// <summary>Adds a second, and gives the table with it.</summary>
    public IRenderable Add(LoadSecond second)
    {
        _last.Enqueue(second);
        if (_last.Count > Most)
        {
            _last.Dequeue();
        }

        (_success, _failure, _notSent) = (_success + second.Success, _failure + second.Failure, _notSent + second.NotSent);
        return View();
    }

    /// <summary>The table as it is.</summary>
    public IRenderable View()
    {
        var table = new Table().SimpleBorder();
        foreach (var heading in (string[])["second", "ok", "failed", "not sent", "p50", "p99", "max"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        foreach (var s in _last)
        {
            table.AddRow(
                new Text(Number(s.Index + 1)), new Text(Number(s.Success)), Alarming(s.Failure), Alarming(s.NotSent),
                new Text(OutageWords.Span(s.P50)), new Text(OutageWords.Span(s.P99)), new Text(OutageWords.Span(s.Max)));
        }

        return table.Caption($"together {Number(_success)} ok, {Number(_failure)} failed, {Number(_notSent)} not sent");
    }

    private static Text Alarming(long count) => new(Number(count), count > 0 ? new Style(Color.Red, decoration: Decoration.Bold) : Style.Plain);

    private static string Number(long count) => count.ToString(CultureInfo.InvariantCulture);
}
