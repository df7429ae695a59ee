using Antrea.Migration.Execution;

namespace Antrea.Migration.Tests.Execution;

public class NodeOutputTests
{
    [TestCase(0)]
    [TestCase(10)]
    [TestCase(40_000)]
    public async Task What_is_within_the_bound_is_read_whole(int length)
    {
        var text = new string('x', length);
        using var reader = new StringReader(text);
        Assert.That(await NodeOutput.ReadAsync(reader, most: 40_000, CancellationToken.None), Is.EqualTo(text));
    }

    [Test]
    public async Task What_is_beyond_it_is_read_to_the_end_and_is_no_answer()
    {
        using var reader = new StringReader(new string('x', 40_001));
        var failure = await Assert.ThrowsAsync<MigrationException>(() => NodeOutput.ReadAsync(reader, most: 40_000, CancellationToken.None));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure!.Message, Does.Match("printed 40.001 characters, of which 40.000 are kept"));
            Assert.That(reader.Peek(), Is.EqualTo(-1), "a program that nobody reads does not end");
        }
    }

    [Test]
    public async Task A_program_that_does_not_stop_printing_is_left()
    {
        using var reader = new Endless();
        var failure = await Assert.ThrowsAsync<MigrationException>(() => NodeOutput.ReadAsync(reader, most: 40_000, CancellationToken.None));
        Assert.That(failure!.Message, Does.Contain("and went on"));
    }

    private sealed class Endless : TextReader
    {
        public override int Read(char[] buffer, int index, int count)
        {
            buffer.AsSpan(index, count).Fill('x');
            return count;
        }
    }
}
