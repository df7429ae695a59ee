using Antrea.Migration.Connectivity.Load;
using Antrea.Migration.Tests.House;
using Antrea.Migrator.Output;
using Spectre.Console;

namespace Antrea.Migrator.Tests.Output;

public class LiveSecondsTests
{
    [Test]
    public void View_OfMoreSecondsThanThereIsRoomFor_HasTheLastOnesAndTheSumOfAll()
    {
        var seconds = new LiveSeconds();
        for (var i = 0; i < 100; i++)
        {
            seconds.Add(new LoadSecond(
                i, 50, i % 97 == 0 ? 3 : 0, i == 99 ? 1 : 0, TimeSpan.FromMilliseconds(1.5), TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(1.25)));
        }

        using var output = new StringWriter();
        Terminal.Console(output).Write(seconds.View());
        Approval.Verify(string.Join('\n', output.ToString().Split('\n').Select(l => l.TrimEnd())), "LastTen");
    }
}
