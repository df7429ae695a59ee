using System.CommandLine;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Lab;

namespace Antrea.Migrator.Commands;

/// <summary>How closely a lab migration is watched.</summary>
internal sealed class TourOptions
{
    private readonly Option<int> _workers = CommonOptions.Whole("-c", "Lab: workers of the probe between two phases.", 10, 1, 10_000);
    private readonly Option<int> _requests = CommonOptions.Whole("-n", "Lab: requests of that probe.", 1000);
    private readonly Option<int> _interval = CommonOptions.Whole(
        "--interval", "Lab: milliseconds between two requests of a worker (the seed's client: 200).", 20, 1, CommonOptions.DayInMilliseconds);

    public void AddTo(Command command)
    {
        command.Add(_workers);
        command.Add(_requests);
        command.Add(_interval);
    }

    /// <summary>Null without a lab: a real cluster is probed from inside it, with <c>probe</c>.</summary>
    public TrafficWatch? Watch(ParseResult parse, LabCluster? lab, TextWriter output) =>
        lab is null
            ? null
            : new TrafficWatch(
                lab,
                new ProbeOptions
                {
                    Target = TrafficWatch.Target,
                    Workers = parse.GetValue(_workers),
                    Requests = parse.GetValue(_requests),
                    Interval = TimeSpan.FromMilliseconds(parse.GetValue(_interval)),
                },
                output);
}
