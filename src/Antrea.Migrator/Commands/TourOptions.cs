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

    public Option[] All => [_workers, _requests, _interval];

    public void AddTo(Command command)
    {
        command.Add(_workers);
        command.Add(_requests);
        command.Add(_interval);
    }

    /// <summary>How often the lab's own flows ask, in milliseconds, unless another interval is wanted.</summary>
    public const int Interval = 250;

    /// <summary>The lab's own traffic.</summary>
    public LabTraffic Traffic(ParseResult parse, LabCluster lab) => new(
        lab,
        new ProbeOptions
        {
            Target = LabTraffic.Target,
            Workers = parse.GetValue(_workers),
            Requests = parse.GetValue(_requests),
            Interval = TimeSpan.FromMilliseconds(parse.GetValue(_interval)),
        });
}
