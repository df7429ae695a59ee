namespace Antrea.Migration.StandIns;

/// <summary>What a stand-in cannot do; the message is what the operator of the real one would look for.</summary>
internal sealed class StandInException(string message, Exception? innerException = null) : Exception(message, innerException);
